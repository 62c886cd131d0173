// oxlint-disable typescript/no-explicit-any -- the shape of an answer is that of the query above it
import { readFileSync } from 'node:fs';
import { v7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasRealData, importRealData, realDataPath } from '../support/real-data.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { caughtUp } from '../support/caught-up.js';

const SET = 'attendance_nyc_schools';
const RANGE = 'from: "2013-01-01", to: "2016-12-31"';

const lines = (file: string): string[][] =>
  readFileSync(realDataPath(file), 'utf8').trim().split('\n').slice(1).map((line) => line.trim().split(',')); // prettier-ignore

/** The reference rounds to four places, and rounds halves to even. */
const near = (actual: number, expected: number, what: string): void =>
  expect(Math.abs(actual - expected), `${what}: ${actual}, expected ${expected}`).toBeLessThan(0.000051);

describe.skipIf(!hasRealData(SET))('two school years of about 1,700 schools', () => {
  let api: TestApi;
  let ask: (query: string) => Promise<any>;

  beforeAll(async () => {
    api = await startTestApi();
    const workspaceId = v7();
    await api.createWorkspace(workspaceId, { timeZone: 'America/New_York' });
    const { rejects } = await importRealData(SET, { eventstoreUrl: api.eventstoreUrl, workspaceId });
    if (rejects.length > 0) throw new Error(`${rejects.length} records were rejected: ${rejects[0]?.reason}`);
    await caughtUp(api);
    ask = api.as(workspaceId, 'manager');
  }, 300_000);
  afterAll(() => api.close());

  it('has every day: reporting, not reporting, mean and the total of the source', async () => {
    const { unitAttendanceByDay } = await ask(
      `{ unitAttendanceByDay(${RANGE}) { day reporting notReporting meanPct totalPct } }`,
    );
    const days = lines('expected/attendance_nyc_daily.csv');
    expect(unitAttendanceByDay).toHaveLength(days.length);
    for (const [index, [day = '', reporting, mean = '', notReporting, total = '']] of days.entries()) {
      const got = unitAttendanceByDay[index];
      expect(got).toMatchObject({ day, reporting: Number(reporting), notReporting: Number(notReporting) });
      expect(got.meanPct === null, day).toBe(mean === '');
      near(got.meanPct ?? 0, Number(mean), day);
      expect(got.totalPct === null ? '' : Number(got.totalPct), day).toBe(total === '' ? '' : Number(total));
    }
  });

  it('has the lowest days, of those on which schools report at all', async () => {
    const { lowest_days: lowest } = JSON.parse(readFileSync(realDataPath('expected/attendance_nyc.json'), 'utf8'));
    const query = `{ lowestUnitAttendance(${RANGE}, minReporting: 500, first: ${lowest.length}) { day reporting meanPct totalPct } }`;
    const { lowestUnitAttendance } = await ask(query);
    expect(lowestUnitAttendance.map(({ day, reporting }: any) => ({ day, reporting }))).toEqual(
      lowest.map(({ date, schools }: any) => ({ day: date, reporting: schools })),
    );
    for (const [index, { date, mean_pct: mean, source_total: total }] of lowest.entries()) {
      near(lowestUnitAttendance[index].meanPct, mean, date);
      expect(Number(lowestUnitAttendance[index].totalPct)).toBe(Number(total));
    }
  });

  it('has every borough and month, schools of no borough apart', async () => {
    const query = `{ unitAttendanceByGroup(${RANGE}) { month group unitDays meanPct } }`;
    const { unitAttendanceByGroup } = await ask(query);
    const groups = lines('expected/attendance_nyc_borough_month.csv');
    const found = new Map<string, any>(unitAttendanceByGroup.map((of: any) => [`${of.month} ${of.group ?? ''}`, of]));
    expect(found.size).toBe(groups.length);
    for (const [month, borough, days, mean] of groups) {
      const got = found.get(`${month} ${borough}`);
      expect(got?.unitDays, `${month} ${borough}`).toBe(Number(days));
      near(got.meanPct, Number(mean), `${month} ${borough}`);
    }
  });
});
