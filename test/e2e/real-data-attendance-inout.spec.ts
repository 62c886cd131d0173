// oxlint-disable typescript/no-explicit-any -- the shape of an answer is that of the query above it
import { readFileSync } from 'node:fs';
import { v7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasRealData, importRealData, realDataPath } from '../support/real-data.js';
import { startTestApi, type Gql, type TestApi } from '../support/api.js';
import { caughtUp } from '../support/caught-up.js';

const SET = 'attendance_inout_2015';
const FIGURES = 'figures { personDays absent absenceRate hours averageHours late overtime }';

interface Figures {
  readonly personDays: number;
  readonly absent: number;
  readonly absenceRate: number;
  readonly hours: number;
  readonly averageHours: number;
  readonly late: number;
  readonly overtime: number;
}

/** The reference rounds, and rounds halves to even. */
const near = (actual: number, expected: number, digits: number, what: string): void =>
  expect(Math.abs(actual - expected), `${what}: ${actual}, expected ${expected}`).toBeLessThan(0.51 * 10 ** -digits);

function check(figures: Figures, want: Figures, what: string): void {
  const { personDays, absent, late, overtime } = want;
  expect(figures, what).toMatchObject({ personDays, absent, late, overtime });
  near(figures.absenceRate, want.absenceRate, 6, what);
  near(figures.hours, want.hours, 4, what);
  near(figures.averageHours, want.averageHours, 4, what);
}

describe.skipIf(!hasRealData(SET))('a year of arrivals and departures of 25 employees', () => {
  let api: TestApi;
  let ask: (query: string) => Promise<any>;
  const workspaceId = v7();
  const expected = JSON.parse(readFileSync(realDataPath('expected/attendance_inout_2015.json'), 'utf8'));

  beforeAll(async () => {
    api = await startTestApi();
    await api.createWorkspace(workspaceId, { timeZone: 'Asia/Kolkata' });
    const { rejects } = await importRealData(SET, { eventstoreUrl: api.eventstoreUrl, workspaceId });
    if (rejects.length > 0) throw new Error(`${rejects.length} records were rejected: ${rejects[0]?.reason}`);
    await caughtUp(api);
    const gql: Gql = api.as(workspaceId, 'manager');
    ask = (query) =>
      gql(query.replaceAll('YEAR', 'from: "2015-01-01", to: "2015-12-31", lateAfter: "10:00", overHours: 9'));
  }, 180_000);
  afterAll(() => api.close());

  it('has the figures of every month', async () => {
    const { attendanceByMonth } = await ask(`{ attendanceByMonth(filter: { YEAR }) { month ${FIGURES} } }`);
    const months = Object.entries<any>(expected.monthly);
    expect(attendanceByMonth.map(({ month }: any) => month)).toEqual(months.map(([month]) => month));
    for (const [index, [month, want]] of months.entries()) {
      check(
        attendanceByMonth[index].figures,
        {
          personDays: want.person_days,
          absent: want.absent,
          absenceRate: want.absence_rate,
          hours: want.hours,
          averageHours: want.avg_hours,
          late: want.late,
          overtime: want.over9h,
        },
        month,
      );
    }
  });

  it('has the figures of every employee in every month', async () => {
    const query = `{ attendanceByEmployeeAndMonth(filter: { YEAR }) { month employee { number } ${FIGURES} } }`;
    const { attendanceByEmployeeAndMonth } = await ask(query);
    const found = new Map<string, Figures>(
      attendanceByEmployeeAndMonth.map((of: any) => [`${of.employee.number} ${of.month}`, of.figures]),
    );
    const csv = readFileSync(realDataPath('expected/attendance_inout_2015_employee_month.csv'), 'utf8');
    const lines = csv.trim().split('\n').slice(1);
    expect(found.size).toBe(lines.length);
    for (const line of lines) {
      const [employee, month, ...numbers] = line.trim().split(',');
      const [personDays, absent, absenceRate, hours, averageHours, late, overtime] = numbers.map(Number) as [number, number, number, number, number, number, number]; // prettier-ignore
      const figures = found.get(`${employee} ${month}`);
      if (!figures) throw new Error(`no figures of employee ${employee} in ${month}`);
      check(figures, { personDays, absent, absenceRate, hours, averageHours, late, overtime }, `${employee} ${month}`);
    }
  });

  it('has the year, the most absent and the longest days', async () => {
    const ofEmployee = 'employee { number } figures { absent absenceRate averageHours }';
    const data = await ask(`{
      attendanceSummary(filter: { YEAR }) { personDays absent absenceRate }
      mostAbsent: attendanceByEmployee(filter: { YEAR }, orderBy: MOST_ABSENT, first: 10) { ${ofEmployee} }
      longest: attendanceByEmployee(filter: { YEAR }, orderBy: LONGEST_AVERAGE_HOURS, first: 10) { ${ofEmployee} }
    }`);
    const { person_days: personDays, absent, absence_rate: rate } = expected.year;
    expect(data.attendanceSummary).toMatchObject({ personDays, absent });
    near(data.attendanceSummary.absenceRate, rate, 6, 'year');
    expect(data.mostAbsent.map((of: any) => [of.employee.number, of.figures.absent])).toEqual(
      expected.most_absent.map(([number, days]: [string, number]) => [number, days]),
    );
    expect(data.longest.map((of: any) => of.employee.number)).toEqual(
      expected.longest_avg_hours.map(([number]: [string]) => number),
    );
    for (const [index, [number, , share]] of expected.most_absent.entries()) {
      near(data.mostAbsent[index].figures.absenceRate, share, 6, `absence of ${number}`);
    }
    for (const [index, [number, hours]] of expected.longest_avg_hours.entries()) {
      near(data.longest[index].figures.averageHours, hours, 4, `hours of ${number}`);
    }
  });

  it('has 25 employees, 249 working days, and nobody absent on the 12 holidays', async () => {
    const { employees, attendanceByDay } = await ask(
      '{ employees(first: 100) { nodes { number } } attendanceByDay(filter: { YEAR }) { day figures { personDays } } }',
    );
    expect(employees.nodes).toHaveLength(expected.employees);
    expect(attendanceByDay).toHaveLength(expected.columns - expected.holidays.length);
    const days = new Set(attendanceByDay.map(({ day }: any) => day));
    expect(expected.holidays.filter((day: string) => days.has(day))).toEqual([]);
    expect(attendanceByDay.every(({ figures }: any) => figures.personDays === expected.employees)).toBe(true);
  });

  it('names the absentees of a day', async () => {
    const { absentees, attendanceByDay } = await ask(`{
      absentees(day: "2015-06-08") { employee { number } }
      attendanceByDay(filter: { from: "2015-06-08", to: "2015-06-08" }) { figures { absent } }
    }`);
    const numbers = absentees.map(({ employee }: any) => employee.number);
    expect(numbers).toEqual(absentOn('08/06/2015'));
    expect(attendanceByDay[0].figures.absent).toBe(numbers.length);
  });
});

/** The numbers of the employees without an arrival in the column, read from the file itself. */
function absentOn(column: string): string[] {
  const text = readFileSync(realDataPath('attendance_inout_2015/in_time.csv'), 'utf8').replaceAll('"', '');
  const [header = [], ...rows] = text.trim().split('\n').map((line) => line.trim().split(',')); // prettier-ignore
  const index = header.indexOf(column);
  return rows.filter((row) => row[index] === 'NA').map((row) => row[0] ?? '');
}
