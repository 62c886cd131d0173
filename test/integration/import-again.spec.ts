import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommandBus } from '@nestjs/cqrs';
import { NestFactory } from '@nestjs/core';
import type { INestApplicationContext } from '@nestjs/common';
import { v7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { prepareImport } from '../../src/adapters/connectors/import/prepare-import.js';
import type { ImportKind, MappingInput } from '../../src/adapters/connectors/mapping/mapping.js';
import { EventStoreDbAdapter } from '../../src/adapters/eventstore/eventstore-db.adapter.js';
import { allEvents } from '../../src/capabilities.js';
import { importInto } from '../../src/cli/import-into.js';
import { ChangeEmployee } from '../../src/commands/attendance/change-employee.command.js';
import type { CommandContext, WorkspaceCommand } from '../../src/commands/shared/command.js';
import { AmendSale } from '../../src/commands/sales/amend-sale.command.js';
import { ChangeTaskStatus } from '../../src/commands/work/change-task-status.command.js';
import { employeeIdOf, unitReportIdOf } from '../../src/domain/attendance/attendance.ids.js';
import { employeeDecider } from '../../src/domain/attendance/employee.decider.js';
import { unitReportDecider } from '../../src/domain/attendance/unit-report.decider.js';
import { saleDecider } from '../../src/domain/sales/sale.decider.js';
import type { Decider } from '../../src/domain/shared/decider.js';
import type { DomainEvent } from '../../src/domain/shared/event.js';
import { importedId } from '../../src/domain/shared/ids.js';
import { taskDecider } from '../../src/domain/work/task.decider.js';
import type { RunCounts } from '../../src/domain/sync/sync-run.events.js';
import { WriteSideModule } from '../../src/write-side.module.js';
import { startTestEventStore, type TestEventStore } from '../support/event-store.js';
import { createTestWorkspace } from '../support/workspace.js';

let server: TestEventStore;
let store: EventStoreDbAdapter;
let app: INestApplicationContext;
let folder: string;
let workspaceId: string;

beforeAll(async () => {
  server = await startTestEventStore();
  store = new EventStoreDbAdapter(server.connectionString, allEvents);
  app = await NestFactory.createApplicationContext(WriteSideModule.over(store), { logger: false });
  folder = await mkdtemp(join(tmpdir(), 'teampulse-import-again-'));
});
afterAll(async () => {
  await app.close();
  await store.dispose();
  await server.close();
  await rm(folder, { recursive: true });
});
beforeEach(async () => {
  workspaceId = randomUUID();
  await createTestWorkspace(server.connectionString, workspaceId);
});

/** Brings a file with this content in, through the code that `teampulse import` runs. */
async function bring(kind: ImportKind, mapping: MappingInput, content: string, extension = 'csv'): Promise<RunCounts> {
  const [file, rules] = [join(folder, `${randomUUID()}.${extension}`), join(folder, `${randomUUID()}.json`)];
  await writeFile(file, content);
  await writeFile(rules, JSON.stringify(mapping));
  const listeners = { onRejects: () => undefined, onProgress: () => undefined };
  return (await importInto(server.connectionString, workspaceId, await prepareImport(kind, [file], rules), listeners))
    .counts;
}

async function stateOf<State, Event extends DomainEvent>(
  stream: string,
  decider: Decider<State, never, Event>,
): Promise<State> {
  const slice = await store.readStream<Event>(stream);
  return (slice?.events ?? []).reduce((state, event) => decider.evolve(state, event as unknown as Event), decider.initialState); // prettier-ignore
}

/** As a person does it in TeamPulse. */
async function byHand(make: (context: CommandContext) => WorkspaceCommand<unknown, unknown>): Promise<void> {
  const actor = { kind: 'user', id: 'ann' } as const;
  const result = await app.get(CommandBus).execute(make({ workspaceId, actor, commandId: v7(), correlationId: v7() }));
  expect(result).toMatchObject({ accepted: true, written: 1 });
}

const taskId = (): string => importedId(workspaceId, 'list', 'task', '12');
const task = () => stateOf(`task-${taskId()}`, taskDecider);
const employeeId = (): string => employeeIdOf(workspaceId, 'E1');
const employee = () => stateOf(`employee-${employeeId()}`, employeeDecider);
const saleId = (): string => importedId(workspaceId, 'shop', 'sale', '1');
const sale = () => stateOf(`sale-${saleId()}`, saleDecider);
const report = () => stateOf(`unit-report-${unitReportIdOf(workspaceId, '2024-07-01')}`, unitReportDecider);

describe('a list of tasks that comes again', () => {
  const mapping: MappingInput = {
    name: 'list',
    kind: 'tasks',
    layout: 'rows',
    fields: { key: 'id', title: 'title', project: 'list', status: 'state', assignee: 'who', dueDate: 'due' },
  };
  const tasks = (row: string): Promise<RunCounts> => bring('tasks', mapping, `id,title,list,state,who,due\n${row}\n`);

  it('shows the status, the person and the date that a row has now', async () => {
    await tasks('12,Paint,Web,To Do,ann,2024-07-31');
    expect(await tasks('12,Paint,Web,In Progress,bob,')).toMatchObject({ changed: 1 });
    const bob = importedId(workspaceId, 'list', 'member', 'bob');
    expect(await task()).toMatchObject({ statusName: 'In Progress', assigneeIds: [bob], dueDate: null });
  });

  it('also when a row says again what it said before something else', async () => {
    await tasks('12,Paint,Web,To Do,,');
    await tasks('12,Paint,Web,Done,,');
    expect(await task()).toMatchObject({ statusName: 'Done' });
    await tasks('12,Paint,Web,To Do,,\n13,More,Web,To Do,,');
    expect(await task()).toMatchObject({ statusName: 'To Do' });
    await tasks('12,Paint,Web,Done,,\n13,More,Web,To Do,,');
    expect(await task()).toMatchObject({ statusName: 'Done' });
  });

  it('leaves alone what people changed since, as long as the row says the same', async () => {
    await tasks('12,Paint,Web,To Do,,');
    await byHand((context) => new ChangeTaskStatus({ taskId: taskId(), status: 'Done' }, context));
    expect(await tasks('12,Paint,Web,To Do,,\n13,More,Web,To Do,,')).toMatchObject({ changed: 1, unchanged: 1 });
    expect(await task()).toMatchObject({ statusName: 'Done' });
  });
});

describe('employees that come again', () => {
  const mapping: MappingInput = {
    name: 'staff',
    kind: 'employees',
    fields: { number: 'no', name: 'name', department: 'dept' },
  };
  const employees = (rows: string): Promise<RunCounts> => bring('employees', mapping, `no,name,dept\n${rows}\n`);

  it('follow their row, back to what it said before too', async () => {
    await employees('E1,Ann,Sales');
    await employees('E1,Ann,Office');
    expect(await employee()).toMatchObject({ department: 'Office' });
    await employees('E1,Ann,Sales\nE2,Bob,Sales');
    expect(await employee()).toMatchObject({ department: 'Sales' });
    await employees('E1,Ann,Office\nE2,Bob,Sales');
    expect(await employee()).toMatchObject({ department: 'Office' });
    await employees('E1,Ann,');
    expect(await employee()).toMatchObject({ department: null });
  });

  it('keep what the file has no column for', async () => {
    await employees('E1,Ann,Sales');
    await byHand((of) => new ChangeEmployee({ employeeId: employeeId(), startedOn: '2024-01-08', title: 'Lead' }, of));
    await employees('E1,Ann,Office');
    expect(await employee()).toMatchObject({ department: 'Office', startedOn: '2024-01-08', title: 'Lead' });
  });
});

describe('documents that come again', () => {
  const mapping: MappingInput = {
    name: 'shop',
    kind: 'sales',
    fields: { reference: 'no', date: 'day', sku: 'sku', quantity: 'n', unitPrice: 'price', country: 'land' },
  };
  const sales = (row: string): Promise<RunCounts> => bring('sales', mapping, `no,day,sku,n,price,land\n${row}\n`);

  it('are put right, without what the file has no column for', async () => {
    await sales('1,2024-07-01,A,2,3.50,NL');
    await byHand((of) => new AmendSale({ saleId: saleId(), channel: 'web', reason: 'known now' }, of));
    expect(await sales('1,2024-07-01,A,3,3.50,')).toMatchObject({ changed: 1 });
    expect(await sale()).toMatchObject({ header: { channel: 'web', country: null, day: '2024-07-01' }, total: 1_050 });
  });
});

describe('rates of units that come again', () => {
  const mapping: MappingInput = {
    name: 'rates',
    kind: 'attendance',
    layout: 'unit-rates',
    fields: { date: 'day', unit: 'unit', rate: 'pct' },
  };
  const rates = (rows: string): Promise<RunCounts> => bring('attendance', mapping, `day,unit,pct\n${rows}\n`);

  it('are those that the file said last', async () => {
    for (const [index, pct] of ['90', '80', '90', '80'].entries()) {
      await rates(`2024-07-01,X,${pct}\n2024-07-02,Y,${index}`);
      expect((await report()).rates.get('X')).toBe(pct);
    }
  });
});
