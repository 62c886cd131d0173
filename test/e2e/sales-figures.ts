/** What the tests against reference figures of sales share. */
import { EventStoreDbAdapter } from '../../src/adapters/eventstore/eventstore-db.adapter.js';
import { formatPosition } from '../../src/domain/shared/position.js';
import { allEvents } from '../../src/capabilities.js';
import { formatDecimal, parseDecimal, rescale } from '../../src/domain/shared/money.js';
import type { TestApi } from '../support/api.js';

/** Reference figures are rounded to hundredths; ours keep every digit. */
export function pence(money: unknown): string {
  const amount = (money as { readonly amount?: string } | null)?.amount ?? 'nothing';
  const parsed = parseDecimal(amount);
  if (!parsed) throw new Error(`${amount} is no amount`);
  return formatDecimal(rescale(parsed.amount, parsed.scale, 2), 2);
}

/** Until a question is answered from read models that have reached the log's present end: asks again while they are behind. */
export async function showsEverything(api: TestApi, workspaceId: string, question: string): Promise<void> {
  const log = new EventStoreDbAdapter(api.eventstoreUrl, allEvents);
  const head = await log.head();
  await log.dispose();
  if (!head) throw new Error('the log is empty');
  const query = `query ($at: Position) { ${question.replace(' ', '(minPosition: $at) ')} }`;
  const token = await api.token(workspaceId);
  for (;;) {
    const { body } = await api.send(token, query, { at: formatPosition(head) });
    if (!body.errors) return;
    if (body.errors[0].extensions.code !== 'STALE_READ') throw new Error(JSON.stringify(body.errors));
  }
}
