import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestEventStore, type TestEventStore } from '../support/event-store.js';
import { createTestWorkspace, hasRealData, importRealData } from '../support/real-data.js';

describe('importing the real sets', () => {
  let server: TestEventStore;
  beforeAll(async () => {
    server = await startTestEventStore();
  });
  afterAll(async () => server.close());

  it.skipIf(!hasRealData('sales_superstore'))(
    'takes a set in without a reject, and nothing again',
    async () => {
      const stack = { eventstoreUrl: server.connectionString, workspaceId: randomUUID() };
      await createTestWorkspace(stack.eventstoreUrl, stack.workspaceId);
      const first = await importRealData('sales_superstore', stack);
      expect(first.rejects).toEqual([]);
      expect(first.outcomes[0]?.counts).toEqual({ read: 9_994, changed: 9_994, unchanged: 0, rejected: 0 });
      const again = await importRealData('sales_superstore', stack);
      expect(again.outcomes[0]?.outcome).toBe('known');
    },
    120_000,
  );
});
