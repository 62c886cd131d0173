import { afterAll, beforeAll, describe, it } from 'vitest';
import {
  integrationConfigured,
  integrationDisabled,
  integrationEnabled,
  integrationRegistered,
} from '../../src/domain/sync/integration.events.js';
import {
  recordsRejected,
  runCancelled,
  runCompleted,
  runFailed,
  runProgressed,
  runStarted,
  type RejectedRecord,
} from '../../src/domain/sync/sync-run.events.js';
import type { Row } from '../../src/projections/engine/projection.js';
import { integrationsProjection } from '../../src/projections/sync/integrations.projection.js';
import { syncRejectsProjection } from '../../src/projections/sync/sync-rejects.projection.js';
import { syncRunsProjection } from '../../src/projections/sync/sync-runs.projection.js';
import { createTestDatabase, projectionTester, type TestDatabase } from '../support/database.js';
import { hour, id, stream } from '../support/stream.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const registered = integrationRegistered({ kind: 'http', name: 'Shop', config: { url: 'https://shop.example.org' } });
const started = runStarted({
  integrationId: id,
  subject: 'sales',
  sources: [{ name: 'tills.csv', fingerprint: 'ab12' }],
  cursor: null,
});
const counts = { read: 10, changed: 7, unchanged: 1, rejected: 2 };
const cursor = { record: 10, page: 'https://shop.example.org/?page=2' };
const bad = (line: number): RejectedRecord => ({ source: 'tills.csv', line, column: 'Qty', value: 'x', reason: 'not a number' }); // prettier-ignore

describe('integrations', () => {
  const row = {
    integration_id: id,
    kind: 'http',
    name: 'Shop',
    config: { url: 'https://shop.example.org' },
    enabled: true,
    disabled_reason: null,
    registered_at: hour(0),
    version: 1,
  };

  it('are on from the beginning', async () => {
    await projectionTester(database, integrationsProjection)()
      .given(...stream('integration', registered))
      .then([row]);
  });

  it('show their latest configuration and why they are off', async () => {
    const config = { url: 'https://shop.example.org/v2' };
    const [first, ...others] = stream('integration', registered, integrationConfigured({ config }), integrationDisabled({ reason: 'moved' })); // prettier-ignore
    await projectionTester(database, integrationsProjection)()
      .given(first!)
      .given(...others)
      .then([{ ...row, config, enabled: false, disabled_reason: 'moved', version: 3 }]);
  });

  it('forget the reason when they are on again', async () => {
    await projectionTester(database, integrationsProjection)()
      .given(...stream('integration', registered, integrationDisabled({ reason: 'moved' }), integrationEnabled({})))
      .then([{ ...row, version: 3 }]);
  });
});

describe('sync runs', () => {
  const row = {
    run_id: id,
    integration_id: id,
    subject: 'sales',
    sources: [{ name: 'tills.csv', fingerprint: 'ab12' }],
    status: 'RUNNING',
    cursor: null,
    records_read: '0',
    records_changed: '0',
    records_unchanged: '0',
    records_rejected: '0',
    reason: null,
    started_at: hour(0),
    progressed_at: hour(0),
    ended_at: null,
    version: 1,
  };
  const counted = { records_read: '10', records_changed: '7', records_unchanged: '1', records_rejected: '2' };

  it('begin with nothing', async () => {
    await projectionTester(database, syncRunsProjection)()
      .given(...stream('sync-run', started))
      .then([row]);
  });

  it('show how far they are, with the page they go on at', async () => {
    await projectionTester(database, syncRunsProjection)()
      .given(...stream('sync-run', started, runProgressed({ cursor, counts }), recordsRejected({ records: [bad(3)] })))
      .then([{ ...row, ...counted, cursor, progressed_at: hour(2), version: 3 }]);
  });

  it.each([
    ['completed', runCompleted({ counts }), { status: 'COMPLETED' }],
    ['failed', runFailed({ reason: 'no such page', counts }), { status: 'FAILED', reason: 'no such page' }],
    ['cancelled', runCancelled({ reason: 'wrong file', counts }), { status: 'CANCELLED', reason: 'wrong file' }],
  ])('show when they were %s, and why', async (_, end, expected) => {
    const [first, last] = stream('sync-run', started, end);
    await projectionTester(database, syncRunsProjection)()
      .given(first!)
      .given(last!)
      .then([{ ...row, ...counted, ...expected, progressed_at: hour(1), ended_at: hour(1), version: 2 }]);
  });
});

const kept = (revision: number, place: number, line: number): Row => ({
  run_id: id,
  revision,
  place,
  source: 'tills.csv',
  line: String(line),
  column_name: 'Qty',
  value: 'x',
  reason: 'not a number',
});

describe('rejected records', () => {
  it('are kept one by one, in order, each once', async () => {
    const [first, ...others] = stream(
      'sync-run',
      started,
      recordsRejected({ records: [bad(3), bad(9)] }),
      recordsRejected({ records: [bad(5)] }),
    );
    await projectionTester(database, syncRejectsProjection)()
      .given(first!)
      .given(...others)
      .then([kept(1, 0, 3), kept(1, 1, 9), kept(2, 0, 5)]);
  });
});
