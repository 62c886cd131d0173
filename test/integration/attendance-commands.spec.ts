import { NestFactory } from '@nestjs/core';
import { CommandBus } from '@nestjs/cqrs';
import { v7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EventStoreDbAdapter } from '../../src/adapters/eventstore/eventstore-db.adapter.js';
import { allEvents } from '../../src/capabilities.js';
import { AddEmployee } from '../../src/commands/attendance/add-employee.command.js';
import { CheckIn } from '../../src/commands/attendance/check-in.command.js';
import { CheckOut } from '../../src/commands/attendance/check-out.command.js';
import { CorrectDay } from '../../src/commands/attendance/correct-day.command.js';
import { EndEmployment } from '../../src/commands/attendance/end-employment.command.js';
import { RecordAbsence } from '../../src/commands/attendance/record-absence.command.js';
import { RecordLeave } from '../../src/commands/attendance/record-leave.command.js';
import { ReportUnitRates } from '../../src/commands/attendance/report-unit-rates.command.js';
import type { CommandContext, CommandResult, WorkspaceCommand } from '../../src/commands/shared/command.js';
import { CreateWorkspace } from '../../src/commands/workspaces/create-workspace.command.js';
import { attendanceDayIdOf } from '../../src/domain/attendance/attendance.ids.js';
import { employeeIdOf } from '../../src/domain/attendance/attendance.ids.js';
import { Rejection, type RejectionCode } from '../../src/domain/shared/rejection.js';
import { WriteSideModule } from '../../src/write-side.module.js';
import { startTestEventStore, type TestEventStore } from '../support/event-store.js';

let server: TestEventStore;
let store: EventStoreDbAdapter;
let app: Awaited<ReturnType<typeof NestFactory.createApplicationContext>>;

beforeAll(async () => {
  server = await startTestEventStore();
  store = new EventStoreDbAdapter(server.connectionString, allEvents);
  app = await NestFactory.createApplicationContext(WriteSideModule.over(store), { logger: false });
});
afterAll(async () => {
  await app.close();
  await store.dispose();
  await server.close();
});

const contextIn = (workspaceId: string, commandId = v7()): CommandContext => ({
  workspaceId,
  actor: { kind: 'user', id: 'ann' },
  commandId,
  correlationId: commandId,
});

/** @throws when the command is refused */
async function done<State>(
  command: WorkspaceCommand<unknown, State>,
): Promise<Exclude<CommandResult<State>, Rejection>> {
  const result = await app.get(CommandBus).execute(command);
  if (result instanceof Rejection) throw new Error(`${result.code}: ${result.message}`);
  return result;
}

async function refusal(command: WorkspaceCommand<unknown, unknown>): Promise<readonly [RejectionCode, ...string[]]> {
  const result = await app.get(CommandBus).execute(command);
  if (!(result instanceof Rejection)) throw new Error('the command was accepted');
  return [result.code, ...result.field];
}

/** A workspace in New York (UTC-5 in winter) with one employee. */
async function someEmployee(): Promise<{ workspaceId: string; employeeId: string }> {
  const workspaceId = v7();
  const settings = { timeZone: 'America/New_York' };
  await done(new CreateWorkspace({ name: 'Shop', settings }, contextIn(workspaceId)));
  const { id } = await done(new AddEmployee({ number: ' E1 ', name: 'Ann Example' }, contextIn(workspaceId)));
  return { workspaceId, employeeId: id };
}

describe('checking in and out', () => {
  it("is of the workspace's local day", async () => {
    const { workspaceId, employeeId } = await someEmployee();
    const at = '2026-01-13T04:30:00Z';
    const { id, state } = await done(new CheckIn({ employeeId, at }, contextIn(workspaceId)));
    expect(id).toBe(attendanceDayIdOf(workspaceId, employeeId, '2026-01-12'));
    expect(state).toMatchObject({ of: { day: '2026-01-12' }, checkIn: { localTime: '23:30:00' } });
  });

  it('takes the business time of an import, and refuses the future', async () => {
    const { workspaceId, employeeId } = await someEmployee();
    const past = { ...contextIn(workspaceId), occurredAt: '2015-01-02T14:43:00.000Z' };
    expect((await done(new CheckIn({ employeeId }, past))).state.of?.day).toBe('2015-01-02');
    const at = '2999-01-01T00:00:00Z';
    expect(await refusal(new CheckIn({ employeeId, at }, contextIn(workspaceId)))).toEqual(['INVALID', 'at']);
  });

  it('finds the day that a night shift began on, also when the same command comes again', async () => {
    const { workspaceId, employeeId } = await someEmployee();
    await done(new CheckIn({ employeeId, at: '2026-01-12T22:00:00-05:00' }, contextIn(workspaceId)));
    const context = contextIn(workspaceId);
    const out = { employeeId, at: '2026-01-13T06:00:00-05:00' };
    expect((await done(new CheckOut(out, context))).state.of?.day).toBe('2026-01-12');
    const again = await done(new CheckOut(out, context));
    expect(again.state.of?.day).toBe('2026-01-12');
    expect(again.written).toBe(0);
  });

  it('ends the day of today when yesterday was left open', async () => {
    const { workspaceId, employeeId } = await someEmployee();
    await done(new CheckIn({ employeeId, at: '2026-01-12T09:00:00-05:00' }, contextIn(workspaceId)));
    await done(new CheckIn({ employeeId, at: '2026-01-13T09:00:00-05:00' }, contextIn(workspaceId)));
    const out = { employeeId, at: '2026-01-13T17:00:00-05:00' };
    expect((await done(new CheckOut(out, contextIn(workspaceId)))).state.of?.day).toBe('2026-01-13');
  });

  it('is refused without a check-in, for unknown employees and after the last day', async () => {
    const { workspaceId, employeeId } = await someEmployee();
    const at = '2026-01-12T17:00:00-05:00';
    expect(await refusal(new CheckOut({ employeeId, at }, contextIn(workspaceId)))).toEqual(['NOT_ALLOWED_NOW']);
    expect(await refusal(new CheckIn({ employeeId: v7(), at }, contextIn(workspaceId)))).toEqual(['NOT_FOUND', 'employeeId']); // prettier-ignore
    await done(new EndEmployment({ employeeId, on: '2026-01-11' }, contextIn(workspaceId)));
    expect(await refusal(new CheckIn({ employeeId, at }, contextIn(workspaceId)))).toEqual(['NOT_ALLOWED_NOW', 'day']);
  });

  it("does not know another workspace's employees", async () => {
    const { employeeId } = await someEmployee();
    const other = await someEmployee();
    const command = new CheckIn({ employeeId, at: '2026-01-12T14:00:00Z' }, contextIn(other.workspaceId));
    expect(await refusal(command)).toEqual(['NOT_FOUND', 'employeeId']);
  });
});

describe('leave over a range of days', () => {
  it('records the days that are free, names the others, and gives the same again', async () => {
    const { workspaceId, employeeId } = await someEmployee();
    await done(new RecordAbsence({ employeeId, day: '2026-02-03' }, contextIn(workspaceId)));
    const context = contextIn(workspaceId);
    const leave = { employeeId, from: '2026-02-01', to: '2026-02-05', kind: 'vacation' as const };
    const { state, written } = await done(new RecordLeave(leave, context));
    expect(state.recorded).toEqual(['2026-02-01', '2026-02-02', '2026-02-04', '2026-02-05']);
    expect(state.refused).toMatchObject([{ day: '2026-02-03', code: 'NOT_ALLOWED_NOW' }]);
    expect(written).toBe(4);
    const again = await done(new RecordLeave(leave, context));
    expect(again.state.recorded).toEqual(state.recorded);
    expect(again.written).toBe(0);
  });

  it('may end with the calendar', async () => {
    const { workspaceId, employeeId } = await someEmployee();
    const leave = { employeeId, from: '9999-12-31', kind: 'other' as const };
    expect((await done(new RecordLeave(leave, contextIn(workspaceId)))).state.recorded).toEqual(['9999-12-31']);
  });

  it('is at most a year long and not backwards', async () => {
    const { workspaceId, employeeId } = await someEmployee();
    const leave = (to: string): RecordLeave => new RecordLeave({ employeeId, from: '2026-01-01', to, kind: 'other' }, contextIn(workspaceId)); // prettier-ignore
    expect(await refusal(leave('2025-12-31'))).toEqual(['INVALID', 'to']);
    expect(await refusal(leave('2027-01-02'))).toEqual(['INVALID', 'to']);
    expect((await done(leave('2027-01-01'))).state.recorded).toHaveLength(366);
  });
});

describe('an employee', () => {
  it('is the same however Unicode composes their number', async () => {
    const { workspaceId } = await someEmployee();
    const [composed, parts] = ['\u00dc7', 'U\u03087'];
    const add = (number: string) => new AddEmployee({ number, name: 'Uwe Example' }, contextIn(workspaceId));
    const { id } = await done(add(composed));
    expect(await done(add(parts))).toMatchObject({ id, written: 0 });
    expect(employeeIdOf(workspaceId, parts)).toBe(id);
  });
});

describe('a correction', () => {
  it('takes away what stands behind the last day of work by mistake, and adds nothing there', async () => {
    const { workspaceId, employeeId } = await someEmployee();
    const day = '2026-01-12';
    await done(new RecordAbsence({ employeeId, day }, contextIn(workspaceId)));
    await done(new EndEmployment({ employeeId, on: '2026-01-11' }, contextIn(workspaceId)));
    const correct = (to: CorrectDay['input']['to']) => new CorrectDay({ employeeId, day, to, reason: 'had left' }, contextIn(workspaceId)); // prettier-ignore
    expect(await refusal(correct({ status: 'absent', reason: 'ill' }))).toEqual(['NOT_ALLOWED_NOW', 'day']);
    expect((await done(correct({ status: 'none' }))).state.status).toBe('none');
  });

  it('keeps who and why, and refuses an outdated version', async () => {
    const { workspaceId, employeeId } = await someEmployee();
    const day = '2026-01-12';
    const { version } = await done(new RecordAbsence({ employeeId, day }, contextIn(workspaceId)));
    const to = { status: 'present' as const, checkInAt: '2026-01-12T09:00:00-05:00', checkOutAt: '2026-01-12T17:00:00-05:00' }; // prettier-ignore
    const correction = { employeeId, day, to, reason: 'clock was broken', expectedVersion: version };
    const { state } = await done(new CorrectDay(correction, contextIn(workspaceId)));
    expect(state).toMatchObject({ status: 'present', correction: { reason: 'clock was broken', by: 'ann' } });
    const clear = { ...correction, to: { status: 'none' as const } };
    expect((await refusal(new CorrectDay(clear, contextIn(workspaceId))))[0]).toBe('CONFLICT');
  });
});

describe('reporting rates', () => {
  it('in parts adds up to one report of the day', async () => {
    const { workspaceId } = await someEmployee();
    const report = (code: string, ratePct: string | null) => done(new ReportUnitRates({ day: '2026-01-12', rates: [{ code, ratePct }] }, contextIn(workspaceId))); // prettier-ignore
    await report('A', '92.5');
    await report('B', null);
    const { state, version } = await report('A', '91');
    expect([...state.rates]).toEqual([['A', '91'], ['B', null]]); // prettier-ignore
    expect(version).toBe(3);
  });
});
