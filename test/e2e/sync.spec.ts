import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareImport } from '../../src/adapters/connectors/import/prepare-import.js';
import type { ImportOutcome } from '../../src/adapters/connectors/import/import-run.js';
import type { ImportKind } from '../../src/adapters/connectors/mapping/mapping.js';
import { importInto } from '../../src/cli/import-into.js';
import type { RejectedRecord } from '../../src/domain/sync/sync-run.events.js';
import { startTestApi, type Gql, type TestApi } from '../support/api.js';
import { caughtUp } from '../support/caught-up.js';

let api: TestApi;
let folder: string;
let workspaceId: string;
let manager: Gql;

beforeAll(async () => {
  api = await startTestApi();
  folder = mkdtempSync(join(tmpdir(), 'sync-'));
  workspaceId = await api.createWorkspace(undefined, { timeZone: 'Europe/London', currency: 'GBP' });
  manager = api.as(workspaceId, 'manager');
}, 120_000);
afterAll(async () => {
  await api?.close();
  rmSync(folder, { recursive: true });
});

async function importFile(
  kind: ImportKind,
  name: string,
  content: string,
): Promise<{ outcome: ImportOutcome; rejects: RejectedRecord[] }> {
  writeFileSync(join(folder, name), content);
  const rejects: RejectedRecord[] = [];
  const prepared = await prepareImport(kind, [join(folder, name)]);
  const outcome = await importInto(api.eventstoreUrl, workspaceId, prepared, {
    onRejects: (records) => rejects.push(...records),
    onProgress: () => undefined,
  });
  await caughtUp(api);
  return { outcome, rejects };
}

const RUN = `query ($id: UUID!) { syncRun(id: $id) {
  status subject reason cursor sources { name } counts { read changed unchanged rejected } integration { kind name enabled }
  startedAt endedAt rejects(first: 10) { nodes { source line column value reason } pageInfo { hasNextPage } } } }`;

const HEADER = 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n';
const TILLS = `${HEADER}70001,A1,Blue mug,2,2024-03-01 09:30:00,2.555,901.0,France
70001,A1,Blue mug,2,2024-03-01 09:30:00,2.555,901.0,France
70002,B2,Red mug,1,2024-02-30 10:00:00,1.00,,Spain
70003,B2,Red mug,1,2024-03-02 10:00:00,"1,234.5O",,Spain
C70004,A1,Blue mug,-1,2024-03-03 10:00:00,2.5,901.0,France
70001,B2,Red mug,1,2024-03-01 09:31:00,1.00,901.0,France
`;

const change = (id: string, created: string, field: string, from: string, to: string) => ({
  id, created, items: [{ field, fromString: from, toString: to, from: null, to: null }, { field: 'Rank', from: '1' }],
}); // prettier-ignore

describe('an import', () => {
  it('brings documents in, keeps what it refused with its place and reason, and shows both over GraphQL', async () => {
    const { outcome, rejects } = await importFile('sales', 'tills.csv', TILLS);
    expect(outcome).toMatchObject({ outcome: 'completed', counts: { read: 6, changed: 4, unchanged: 0, rejected: 2 } });
    expect(rejects.map(({ line, column, value }) => [line, column, value])).toEqual([
      [4, 'InvoiceDate', '2024-02-30 10:00:00'],
      [5, 'UnitPrice', '1,234.5O'],
    ]);
    const { syncRun } = await manager(RUN, { id: outcome.runId });
    expect(syncRun).toMatchObject({
      status: 'COMPLETED',
      subject: 'sales',
      sources: [{ name: 'tills.csv' }],
      counts: { read: 6, changed: 4, unchanged: 0, rejected: 2 },
      integration: { kind: 'file', enabled: true },
      rejects: { pageInfo: { hasNextPage: false } },
    });
    expect(syncRun.rejects.nodes[1]).toMatchObject({
      source: 'tills.csv',
      line: 5,
      reason: '"1,234.5O" is not a number',
    });
    const viewed = await api.as(workspaceId, 'viewer')(RUN, { id: outcome.runId });
    expect(viewed.syncRun.rejects.nodes[1].value).toBeNull();

    const { sales } = await manager(
      '{ sales { nodes { reference kind customerId day total { amount } lines { lineNo } } } }',
    );
    const byReference = Object.fromEntries(sales.nodes.map((sale: { reference: string }) => [sale.reference, sale]));
    expect(Object.keys(byReference).toSorted()).toEqual(['70001', 'C70004']);
    expect(byReference['70001']).toMatchObject({ kind: 'SALE', customerId: '901', total: { amount: '11.22' } });
    expect(byReference['70001'].lines).toHaveLength(3);
    expect(byReference['C70004']).toMatchObject({ kind: 'CREDIT_NOTE', total: { amount: '-2.50' } });
  });

  it('writes nothing for the same file, nor for known documents of another, and amends those that differ', async () => {
    expect((await importFile('sales', 'tills.csv', TILLS)).outcome).toMatchObject({ outcome: 'known' });
    const other = `${HEADER}C70004,A1,Blue mug,-1,2024-03-03 10:00:00,2.5,901.0,France
70001,A1,Blue mug,5,2024-03-01 09:30:00,2.00,901.0,France\n`;
    const { outcome } = await importFile('sales', 'corrected.csv', other);
    expect(outcome.counts).toEqual({ read: 2, changed: 1, unchanged: 1, rejected: 0 });
    const { sales } = await manager('{ sales { nodes { reference version total { amount } } } }');
    expect(sales.nodes.find((sale: { reference: string }) => sale.reference === '70001')).toMatchObject({
      version: 2,
      total: { amount: '10.00' },
    });
  });

  it('fails, and says so, when nothing in the file is what the mapping expects', async () => {
    const rows = Array.from({ length: 6_000 }, (_, index) => `${index},A,x,none,2024-01-01,1,,\n`).join('');
    await expect(importFile('sales', 'wrong.csv', HEADER + rows)).rejects.toThrow(/were all refused/);
    await caughtUp(api);
    const { syncRuns } = await manager('{ syncRuns(status: FAILED) { nodes { reason sources { name } } } }');
    expect(syncRuns.nodes).toHaveLength(1);
    expect(syncRuns.nodes[0].sources).toEqual([{ name: 'wrong.csv' }]);
  });

  it('keeps the history of issues: each change at its own time', async () => {
    const issue = {
      id: '10001', key: 'SHOP-1',
      fields: {
        summary: 'Mend the till', issuetype: { name: 'Bug' }, project: { key: 'SHOP', name: 'Shop' }, priority: { name: 'Major' },
        status: { name: 'Closed' }, created: '2024-03-01T10:00:00.000+0100', updated: '2024-03-05T10:00:00.000+0100',
        duedate: null, assignee: { name: 'ann', displayName: 'Ann Example' }, labels: ['till'],
      },
      changelog: { histories: [change('2', '2024-03-05T10:00:00.000+0100', 'status', 'In Progress', 'Closed'), change('1', '2024-03-02T10:00:00.000+0100', 'status', 'Open', 'In Progress')] },
    }; // prettier-ignore
    const { outcome, rejects } = await importFile(
      'tasks',
      'issues.jsonl',
      `${JSON.stringify(issue)}\n{"key":"SHOP-2","fields":{}}\n`,
    );
    expect(rejects).toHaveLength(1);
    expect(outcome.counts).toEqual({ read: 2, changed: 1, unchanged: 0, rejected: 1 });
    const { tasks } = await manager(
      '{ tasks { nodes { title externalKey statusName priority type assignees { name } labels { name } statusHistory { statusName from } } } }',
    );
    expect(tasks.nodes).toEqual([
      {
        title: 'Mend the till', externalKey: 'SHOP-1', statusName: 'Closed', priority: 'HIGH', type: 'Bug',
        assignees: [{ name: 'Ann Example' }], labels: [{ name: 'till' }],
        statusHistory: [
          { statusName: 'Open', from: '2024-03-01T09:00:00.000Z' },
          { statusName: 'In Progress', from: '2024-03-02T09:00:00.000Z' },
          { statusName: 'Closed', from: '2024-03-05T09:00:00.000Z' },
        ],
      },
    ]); // prettier-ignore
  });
});

describe('runs over GraphQL', () => {
  it('are started, progressed and completed by integrators, and only within their workspace', async () => {
    const admin = api.as(workspaceId, 'admin');
    const { registerIntegration } = await admin('mutation { registerIntegration(input: { kind: http, name: "Shop" }) { integration { id enabled } userErrors { code } } }'); // prettier-ignore
    const integrationId: string = registerIntegration.integration.id;
    const { startRun } = await manager('mutation ($id: UUID!) { startRun(input: { integrationId: $id, subject: "sales" }) { syncRun { id status counts { read } integration { name } } userErrors { message } } }', { id: integrationId }); // prettier-ignore
    expect(startRun.userErrors).toEqual([]);
    const runId: string = startRun.syncRun.id;
    const complete = 'mutation ($id: UUID!) { completeRun(input: { runId: $id, counts: { read: 1, changed: 1, unchanged: 0, rejected: 0 } }) { syncRun { status } position userErrors { code } } }'; // prettier-ignore
    const stranger = api.as(await api.createWorkspace(), 'owner');
    expect((await stranger(complete, { id: runId })).completeRun.userErrors).toEqual([{ code: 'NOT_FOUND' }]);
    const { completeRun } = await manager(complete, { id: runId });
    expect(completeRun.syncRun).toEqual({ status: 'COMPLETED' });
    const query = 'query ($id: UUID!, $at: Position) { syncRun(id: $id, minPosition: $at) { status version integration { version registeredAt } } }'; // prettier-ignore
    const { syncRun } = await manager(query, { id: runId, at: completeRun.position });
    expect(syncRun).toMatchObject({ status: 'COMPLETED', version: 2, integration: { version: 1 } });
    expect(Date.parse(syncRun.integration.registeredAt)).toBeGreaterThan(0);
    const stop = 'mutation ($id: UUID!, $version: Int) { disableIntegration(input: { integrationId: $id, reason: "moved", expectedVersion: $version }) { integration { version } userErrors { code } } }'; // prettier-ignore
    expect((await admin(stop, { id: integrationId, version: 0 })).disableIntegration.userErrors).toEqual([
      { code: 'CONFLICT' },
    ]);
    const { disableIntegration } = await admin(stop, { id: integrationId, version: syncRun.integration.version });
    expect(disableIntegration.integration).toEqual({ version: 2 });
    expect((await stranger(query, { id: runId })).syncRun).toBeNull();
    const secret = 'mutation { registerIntegration(input: { kind: http, name: "X", config: { apiKey: "x" } }) { userErrors { field } } }'; // prettier-ignore
    expect((await admin(secret)).registerIntegration.userErrors).toEqual([{ field: ['config', 'apiKey'] }]);
  });
});
