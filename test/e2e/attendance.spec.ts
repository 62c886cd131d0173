// oxlint-disable typescript/no-explicit-any -- the shape of an answer is that of the query above it
import { v7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, take, type Gql, type TestApi } from '../support/api.js';

let api: TestApi;
const workspaceId = v7();
let manager: Gql;
let member: Gql;
let viewer: Gql;

beforeAll(async () => {
  api = await startTestApi();
  await api.createWorkspace(workspaceId, { timeZone: 'Europe/Berlin', lateAfter: '09:15' });
  manager = api.as(workspaceId, 'manager');
  member = api.as(workspaceId, 'member');
  viewer = api.as(workspaceId, 'viewer');
}, 120_000);
afterAll(() => api.close());

const ERRORS = 'userErrors { code message field }';
const DAY = 'id day status checkInAt checkInTime checkOutAt checkOutTime secondsWorked reason leaveKind note corrected correctionReason correctedBy version'; // prettier-ignore

/** Sends a mutation that takes one input, and gives its payload. */
async function send(gql: Gql, field: string, input: object, selection: string, type = field): Promise<any> {
  const name = `${type.charAt(0).toUpperCase()}${type.slice(1)}Input`;
  const query = `mutation ($input: ${name}!) { ${field}(input: $input) { ${selection} position ${ERRORS} } }`;
  return (await gql(query, { input }))[field];
}

let numbers = 0;
async function newEmployee(more: object = {}): Promise<string> {
  const input = { number: `E${(numbers += 1)}`, name: 'Ann Example', ...more };
  const { employee, userErrors } = await send(member, 'addEmployee', input, 'employee { id }');
  expect(userErrors).toEqual([]);
  return employee.id;
}
const checkIn = (employeeId: string, at: string): Promise<any> => send(member, 'checkIn', { employeeId, at }, `attendanceDay { ${DAY} } version`); // prettier-ignore
const checkOut = (employeeId: string, at: string): Promise<any> => send(member, 'checkOut', { employeeId, at }, `attendanceDay { ${DAY} } version`); // prettier-ignore

describe('employees over GraphQL', () => {
  it('are added, changed and found by number, after the position that the mutation gave', async () => {
    const input = { number: 'X10', name: 'Bo Example', department: 'Sales' };
    const { employee } = await send(member, 'addEmployee', input, 'employee { id number name version } version');
    expect(employee).toMatchObject({ number: 'X10', name: 'Bo Example', version: 1 });
    const change = { employeeId: employee.id, department: null, title: 'Lead', expectedVersion: 1 };
    const { position, version } = await send(member, 'changeEmployee', change, 'version');
    expect(version).toBe(2);
    const query = 'query ($p: Position) { employee(number: "X10", minPosition: $p) { id name department title } }';
    expect((await member(query, { p: position })).employee).toEqual({
      id: employee.id,
      name: 'Bo Example',
      department: null,
      title: 'Lead',
    });
    expect((await viewer(query, { p: position })).employee).toMatchObject({ id: employee.id, name: null });
  });

  it('are listed by number as people order them, page by page', async () => {
    for (const number of ['L10', 'L9', 'L1']) await newEmployee({ number, department: 'List' });
    const position = (await send(member, 'addEmployee', { number: 'L2', name: 'L', department: 'List' }, '')).position;
    const query = `query ($after: String, $p: Position) { employees(department: "List", first: 3, after: $after, minPosition: $p) {
      nodes { number } pageInfo { hasNextPage endCursor } } }`;
    const { employees } = await member(query, { p: position });
    expect(employees.nodes.map((node: any) => node.number)).toEqual(['L1', 'L2', 'L9']);
    const next = await member(query, { after: employees.pageInfo.endCursor });
    expect(next.employees).toMatchObject({ nodes: [{ number: 'L10' }], pageInfo: { hasNextPage: false } });
  });

  it('of another workspace are nothing', async () => {
    const employeeId = await newEmployee();
    const other = v7();
    await api.createWorkspace(other, {});
    const stranger = api.as(other, 'owner');
    const { userErrors } = await send(stranger, 'checkIn', { employeeId }, '');
    expect(userErrors).toMatchObject([{ code: 'NOT_FOUND', field: ['employeeId'] }]);
    await checkIn(employeeId, '2026-03-02T08:00:00Z');
    const { position } = await checkOut(employeeId, '2026-03-02T16:00:00Z');
    const query = `query ($id: UUID!, $p: Position) {
      employee(id: $id, minPosition: $p) { id }
      attendanceDay(employeeId: $id, day: "2026-03-02", minPosition: $p) { id }
      attendanceDays(minPosition: $p) { nodes { id } }
      attendanceSummary(filter: { from: "2026-03-01", to: "2026-03-31", employeeId: $id }, minPosition: $p) { personDays }
      absentees(day: "2026-03-02", minPosition: $p) { recorded }
      eventHistory(filter: { thingId: $id }, minPosition: $p) { nodes { id data } }
    }`;
    const mine = await manager(query, { id: employeeId, p: position });
    expect(mine.attendanceDay).not.toBeNull();
    expect(mine.eventHistory.nodes).toHaveLength(1);
    const theirs = await stranger(query, { id: employeeId, p: position });
    expect(theirs).toEqual({
      employee: null,
      attendanceDay: null,
      attendanceDays: { nodes: [] },
      attendanceSummary: { personDays: 0 },
      absentees: [],
      eventHistory: { nodes: [] },
    });
  });
});

describe('attendance over GraphQL', () => {
  it('is what was recorded, in the mutation and in the read model alike', async () => {
    const employeeId = await newEmployee();
    await checkIn(employeeId, '2026-03-03T08:00:30+01:00');
    const { attendanceDay, position, version } = await checkOut(employeeId, '2026-03-03T16:30:00+01:00');
    expect(attendanceDay).toMatchObject({
      day: '2026-03-03',
      status: 'PRESENT',
      checkInAt: '2026-03-03T07:00:30.000Z',
      checkInTime: '08:00:30',
      checkOutTime: '16:30:00',
      secondsWorked: 8.5 * 3600 - 30,
      corrected: false,
    });
    expect(version).toBe(2);
    const query = `query ($id: UUID!, $p: Position) { attendanceDay(employeeId: $id, day: "2026-03-03", minPosition: $p) { ${DAY} } }`;
    expect((await member(query, { id: employeeId, p: position })).attendanceDay).toEqual(attendanceDay);
  });

  it('refuses a second check-in as data', async () => {
    const employeeId = await newEmployee();
    await checkIn(employeeId, '2026-03-03T07:00:00Z');
    const { attendanceDay, position, userErrors } = await checkIn(employeeId, '2026-03-03T09:00:00Z');
    expect({ attendanceDay, position }).toEqual({ attendanceDay: null, position: null });
    expect(userErrors).toMatchObject([{ code: 'NOT_ALLOWED_NOW' }]);
  });

  it('does the same command once', async () => {
    const employeeId = await newEmployee();
    const input = { employeeId, day: '2026-03-03', reason: 'doctor', commandId: v7() };
    const first = await send(member, 'recordAbsence', input, `attendanceDay { ${DAY} } version`);
    expect(await send(member, 'recordAbsence', input, `attendanceDay { ${DAY} } version`)).toEqual(first);
  });

  it('is corrected by managers only, who and why are kept, and viewers see no reasons', async () => {
    const employeeId = await newEmployee();
    await send(member, 'recordAbsence', { employeeId, day: '2026-03-03', reason: 'doctor' }, '');
    const to = { status: 'LEAVE', kind: 'SICK', note: 'a cold' };
    const input = { employeeId, day: '2026-03-03', to, reason: 'certificate came', expectedVersion: 1 };
    const correct = (gql: Gql, more = {}): Promise<any> => send(gql, 'correctAttendanceDay', { ...input, ...more }, `attendanceDay { ${DAY} } version`); // prettier-ignore
    expect((await correct(member)).userErrors).toMatchObject([{ code: 'FORBIDDEN' }]);
    const { attendanceDay, position } = await correct(manager);
    expect(attendanceDay).toMatchObject({
      status: 'LEAVE',
      leaveKind: 'SICK',
      note: 'a cold',
      reason: null,
      corrected: true,
      correctionReason: 'certificate came',
    });
    expect(attendanceDay.correctedBy).toBeTruthy();
    expect((await correct(manager, { reason: 'again' })).userErrors).toMatchObject([{ code: 'CONFLICT' }]);
    expect((await correct(manager, { to: { status: 'PRESENT' }, expectedVersion: 2 })).userErrors).toMatchObject([
      { code: 'INVALID', field: ['to', 'checkInAt'] },
    ]);
    const query = `query ($id: UUID!, $p: Position) { attendanceDays(filter: { employeeId: $id, correctedOnly: true }, minPosition: $p) {
      nodes { ${DAY} employee { name } } } }`;
    const [seen] = (await member(query, { id: employeeId, p: position })).attendanceDays.nodes;
    expect(seen).toEqual({ ...attendanceDay, employee: { name: 'Ann Example' } });
    const [hidden] = (await viewer(query, { id: employeeId })).attendanceDays.nodes;
    expect(hidden).toMatchObject({ status: 'LEAVE', leaveKind: null, note: null, correctionReason: null, employee: { name: null } }); // prettier-ignore
  });

  it('records leave day by day', async () => {
    const employeeId = await newEmployee();
    await send(member, 'recordAbsence', { employeeId, day: '2026-03-04' }, '');
    const input = { employeeId, from: '2026-03-03', to: '2026-03-05', kind: 'VACATION' };
    const payload = await send(member, 'recordLeave', input, 'recordedDays refusedDays { day code }');
    expect(payload).toMatchObject({
      recordedDays: ['2026-03-03', '2026-03-05'],
      refusedDays: [{ day: '2026-03-04', code: 'NOT_ALLOWED_NOW' }],
      userErrors: [],
    });
  });
});

describe('changes of attendance', () => {
  it('come to subscribers of the workspace, from the last cursor on, once the read models show them', async () => {
    const [employeeId, somebodyElse] = [await newEmployee(), await newEmployee()];
    const { position } = await send(member, 'recordAbsence', { employeeId, day: '2026-04-01' }, '');
    const query = `subscription ($id: UUID, $after: Position) { attendanceChanged(employeeId: $id, after: $after) {
      cursor eventType attendanceDay { day status employee { id } } } }`;
    const client = api.subscriber(await api.token(workspaceId, 'member'));
    const answers = client.iterate({ query, variables: { id: employeeId, after: position } });
    await checkIn(somebodyElse, '2026-04-02T07:00:00Z');
    await checkIn(employeeId, '2026-04-02T07:00:00Z');
    await checkOut(employeeId, '2026-04-02T15:00:00Z');
    const changes = (await take(answers, 2)).map(({ data }) => (data as any)?.attendanceChanged);
    await answers.return?.();
    expect(changes.map(({ eventType }) => eventType)).toEqual(['attendance.CheckedIn', 'attendance.CheckedOut']);
    const attendanceDay = { day: '2026-04-02', status: 'PRESENT', employee: { id: employeeId } };
    expect(changes[1]).toMatchObject({ attendanceDay });
    const again = client.iterate({ query, variables: { id: employeeId, after: changes[0].cursor } });
    const [{ data } = {}] = await take(again, 1);
    await again.return?.();
    expect((data as any)?.attendanceChanged).toEqual(changes[1]);
  });
});

describe('figures of attendance', () => {
  it('follow their definitions', async () => {
    const own = v7();
    await api.createWorkspace(own, { timeZone: 'Europe/Berlin', lateAfter: '09:00' });
    const gql = api.as(own, 'manager');
    const add = async (number: string, more: object = {}): Promise<string> =>
      (await send(gql, 'addEmployee', { number, name: number, ...more }, 'employee { id }')).employee.id;
    const [ann, bo, cy] = [await add('1', { startedOn: '2026-03-01' }), await add('2', { startedOn: '2026-03-03' }), await add('3')]; // prettier-ignore
    const present = async (employeeId: string, from: string, to: string): Promise<void> => {
      await send(gql, 'checkIn', { employeeId, at: `${from}:00+01:00` }, '');
      await send(gql, 'checkOut', { employeeId, at: `${to}:00+01:00` }, '');
    };
    // Monday: Ann at nine sharp for nine hours; Bo has not started; Cy has no record yet.
    await present(ann, '2026-03-02T09:00', '2026-03-02T18:00');
    // Tuesday: Ann late and long; Bo nothing, so absent; Cy absent with a reason.
    await present(ann, '2026-03-03T09:01', '2026-03-03T18:31');
    await send(gql, 'recordAbsence', { employeeId: cy, day: '2026-03-03', reason: 'ill' }, '');
    // Wednesday: a holiday; an absence there does not count. Thursday: Cy on leave, nobody comes.
    await send(gql, 'addHoliday', { date: '2026-03-04', name: 'Feast' }, '');
    await send(gql, 'recordAbsence', { employeeId: bo, day: '2026-03-04' }, '');
    await send(gql, 'recordLeave', { employeeId: cy, from: '2026-03-05', kind: 'VACATION' }, '');
    // Saturday: Bo comes all the same.
    await present(bo, '2026-03-07T10:00', '2026-03-07T12:00');
    const { position } = await send(gql, 'endEmployment', { employeeId: bo, on: '2026-03-08' }, '');

    const FIGURES = 'figures { personDays present absent leave absenceRate hours averageHours late overtime }';
    const filter = { from: '2026-03-01', to: '2026-03-31' };
    const data = await gql(
      `query ($f: AttendanceFiguresFilter!, $one: AttendanceFiguresFilter!, $p: Position) {
        attendanceByDay(filter: $f, minPosition: $p) { day ${FIGURES} }
        attendanceByMonth(filter: $f, minPosition: $p) { month ${FIGURES} }
        attendanceByEmployee(filter: $f, orderBy: MOST_ABSENT, minPosition: $p) { employee { number } figures { absent } }
        attendanceSummary(filter: $one, minPosition: $p) { personDays late }
        absentees(day: "2026-03-03", minPosition: $p) { employee { number } recorded reason }
      }`,
      { f: filter, one: { ...filter, employeeId: ann, lateAfter: '09:05' }, p: position },
    );
    const nothing = { personDays: 0, present: 0, absent: 0, leave: 0, absenceRate: null, hours: 0, averageHours: null, late: 0, overtime: 0 }; // prettier-ignore
    expect(data.attendanceByDay).toEqual([
      {
        day: '2026-03-02',
        figures: { ...nothing, personDays: 1, present: 1, absenceRate: 0, hours: 9, averageHours: 9 },
      },
      {
        day: '2026-03-03',
        figures: { ...nothing, personDays: 3, present: 1, absent: 2, absenceRate: 2 / 3, hours: 9.5, averageHours: 9.5, late: 1, overtime: 1 }, // prettier-ignore
      },
      { day: '2026-03-05', figures: { ...nothing, leave: 1 } },
      {
        day: '2026-03-07',
        figures: { ...nothing, personDays: 1, present: 1, absenceRate: 0, hours: 2, averageHours: 2, late: 1 },
      },
    ]);
    expect(data.attendanceByMonth).toMatchObject([
      { month: '2026-03', figures: { personDays: 5, absent: 2, hours: 20.5 } },
    ]);
    expect(data.attendanceByEmployee).toEqual([
      { employee: { number: '2' }, figures: { absent: 1 } },
      { employee: { number: '3' }, figures: { absent: 1 } },
      { employee: { number: '1' }, figures: { absent: 0 } },
    ]);
    expect(data.attendanceSummary).toEqual({ personDays: 2, late: 0 });
    expect(data.absentees).toEqual([
      { employee: { number: '2' }, recorded: false, reason: null },
      { employee: { number: '3' }, recorded: true, reason: 'ill' },
    ]);
  });

  it('refuse a range that runs backwards', async () => {
    const query = '{ attendanceByDay(filter: { from: "2026-03-02", to: "2026-03-01" }) { day } }';
    await expect(member(query)).rejects.toThrow(/BAD_USER_INPUT/);
  });
});

describe('units', () => {
  it('are compared by day, unit and group; a changed group takes the past along', async () => {
    const own = v7();
    await api.createWorkspace(own, {});
    const gql = api.as(own, 'manager');
    const add = async (code: string, group: string | null): Promise<string> =>
      (await send(gql, 'addUnit', { code, name: code, group }, 'unit { id }')).unit.id;
    const [north] = [await add('N', 'north'), await add('S', 'south')];
    const report = (day: string, rates: object[], totalPct?: string): Promise<any> =>
      send(gql, 'reportUnitRates', { day, rates, totalPct }, 'units version');
    await report('2026-03-02', [{ code: 'N', ratePct: '90' }, { code: 'S', ratePct: '80.5' }, { code: '?', ratePct: null }], '85'); // prettier-ignore
    await report('2026-03-03', [{ code: 'N', ratePct: '70' }, { code: 'S', ratePct: '0' }]); // prettier-ignore
    const again = await report('2026-03-03', [{ code: 'N', ratePct: '60.25' }]);
    expect(again).toMatchObject({ units: 2, version: 2, userErrors: [] });
    const range = 'from: "2026-03-01", to: "2026-03-31"';
    const data = await gql(
      `query ($p: Position) {
        unitAttendanceByDay(${range}, minPosition: $p) { day reporting notReporting meanPct totalPct }
        lowestUnitAttendance(${range}, minReporting: 2, minPosition: $p) { day }
        unitAttendanceByGroup(${range}, minPosition: $p) { month group unitDays meanPct }
        unit(code: "N", minPosition: $p) { name rates(${range}) { day ratePct } }
        units(group: "south", minPosition: $p) { nodes { code } }
      }`,
      { p: again.position },
    );
    expect(data).toEqual({
      unitAttendanceByDay: [
        { day: '2026-03-02', reporting: 2, notReporting: 1, meanPct: 85.25, totalPct: '85' },
        { day: '2026-03-03', reporting: 1, notReporting: 1, meanPct: 60.25, totalPct: null },
      ],
      lowestUnitAttendance: [{ day: '2026-03-02' }],
      unitAttendanceByGroup: [
        { month: '2026-03', group: 'north', unitDays: 2, meanPct: 75.125 },
        { month: '2026-03', group: 'south', unitDays: 1, meanPct: 80.5 },
      ],
      unit: { name: 'N', rates: [{ day: '2026-03-02', ratePct: '90' }, { day: '2026-03-03', ratePct: '60.25' }] }, // prettier-ignore
      units: { nodes: [{ code: 'S' }] },
    });
    const { position } = await send(gql, 'changeUnit', { unitId: north, group: 'south' }, '');
    const moved = await gql(
      `query ($p: Position) { unitAttendanceByGroup(${range}, minPosition: $p) { group unitDays } }`,
      { p: position },
    );
    expect(moved.unitAttendanceByGroup).toEqual([{ group: 'south', unitDays: 3 }]);
  });

  it('refuse a rate that is none', async () => {
    const input = { day: '2026-03-02', rates: [{ code: 'A', ratePct: '100.5' }] };
    const { userErrors } = await send(member, 'reportUnitRates', input, 'units');
    expect(userErrors).toMatchObject([{ code: 'INVALID', field: ['rates', '0', 'ratePct'] }]);
  });
});
