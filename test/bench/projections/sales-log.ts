/**
 * A shop's log: 1,370 sales a day, one after the other, with a correction and a refund among every fifty events. Each event is a
 * function of its number alone, so that every process of a bench knows the same log without being told.
 */
import { saleAmended, saleRecorded, saleRefunded } from '../../../src/domain/sales/sale.events.js';
import type { EventMetadata } from '../../../src/domain/shared/metadata.js';

export interface LogEvent {
  readonly stream: string;
  readonly revision: number;
  readonly id: string;
  readonly type: string;
  readonly data: Record<string, unknown>;
  readonly metadata: EventMetadata;
  /** Milliseconds since the Unix epoch. */
  readonly recordedAt: number;
}

const A_DAY = 1_370;
const DAY_MS = 86_400_000;
const FIRST_DAY = Date.UTC(2016, 0, 1);
const CUSTOMERS = 4_000;
const COUNTRIES = 40;
const PRODUCTS = 3_000;
const CATEGORIES = 60;
/** Of every block the last two events are about sales of a block some days before; each sale is changed at most once. */
const BLOCK = 50;
const BLOCKS_BACK = 30;
const SALES_OF_A_BLOCK = BLOCK - 2;
/** Sales that are appended while something is measured are numbered from here: no event of the history is about them. */
export const FIRST_LIVE = 1_000_000_000;

/** 32 bits that look random, the same ones each time (the finaliser of MurmurHash3). */
function mixed(n: number, salt: number): number {
  let x = (Math.imul(n, 0x9e37_79b1) ^ Math.imul(salt, 0x85eb_ca6b) ^ Math.floor(n / 0x1_0000_0000)) >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x85eb_ca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2_ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
const share = (n: number, salt: number): number => mixed(n, salt) / 0x1_0000_0000;
const hex = (n: number, salt: number): string => mixed(n, salt).toString(16).padStart(8, '0');

function uuid(n: number, kind: number): string {
  const [a, b, c, d] = [1, 2, 3, 4].map((part) => hex(n, kind * 4 + part));
  return `${a}-${b?.slice(0, 4)}-4${b?.slice(5)}-8${c?.slice(0, 3)}-${c?.slice(3, 7)}${d}`;
}

export const workspaceId = (n: number): string => uuid(n, 9);
const dayOf = (n: number): number => FIRST_DAY + Math.floor(n / A_DAY) * DAY_MS;
/** Of the day on which event `n` of the history happened. */
export const dayText = (n: number): string => new Date(dayOf(n)).toISOString().slice(0, 10);

/** @param workspaces over which the log is spread, event by event, a sale with all its events in one */
export function eventOf(n: number, workspaces: number): LogEvent {
  const slot = n % BLOCK;
  const before = n - slot - BLOCKS_BACK * BLOCK;
  if (slot < SALES_OF_A_BLOCK || before < 0) return recorded(n, dayOf(n) + timeOf(n), workspaces);
  const half = SALES_OF_A_BLOCK / 2;
  const of = before + (slot === SALES_OF_A_BLOCK ? 0 : half) + (mixed(n, 20) % half);
  return slot === SALES_OF_A_BLOCK ? amended(n, of, workspaces) : refunded(n, of, workspaces);
}

/** One more sale, on the day after a history of `events`. @param n from 0 */
export const liveSale = (n: number, events: number, workspaces: number): LogEvent =>
  recorded(FIRST_LIVE + n, dayOf(events) + DAY_MS + (n % DAY_MS), workspaces);

const timeOf = (n: number): number => Math.floor(((n % A_DAY) / A_DAY) * DAY_MS);

function event(
  n: number,
  of: number,
  revision: number,
  at: number,
  workspaces: number,
  rest: Pick<LogEvent, 'type' | 'data'>,
): LogEvent {
  const commandId = uuid(n, 3);
  return {
    stream: `sale-${uuid(of, 2)}`,
    revision,
    id: uuid(n, 1),
    ...rest,
    metadata: {
      workspaceId: workspaceId(of % workspaces),
      actor: { kind: 'user', id: `clerk-${mixed(n, 5) % 25}` },
      commandId,
      $correlationId: commandId,
      $causationId: commandId,
      schemaVersion: 1,
      occurredAt: new Date(at).toISOString(),
    },
    recordedAt: at + 1_000,
  };
}

/** Some products are sold far more often than others. */
function line(
  n: number,
  lineNo: number,
): { readonly quantity: string; readonly amount: number; readonly [field: string]: unknown } {
  // prettier-ignore
  const product = Math.floor(share(n, 10 + lineNo) ** 2 * PRODUCTS);
  const quantity = 1 + (mixed(n, 12 + lineNo) % 6);
  const price = 195 + (mixed(product, 14) % 4_800);
  const category = product % CATEGORIES;
  return {
    lineNo,
    sku: `SKU-${10_000 + product}`,
    product: `Product ${product}, in a box`,
    category: [`Department ${category % 6}`, `Shelf ${category}`],
    quantity: String(quantity),
    unitPrice: (price / 100).toFixed(2),
    amount: quantity * price,
    profit: product % 3 === 0 ? Math.floor(quantity * price * 0.3) : null,
  };
}

const linesOf = (n: number): ReturnType<typeof line>[] => [line(n, 1), line(n, 2)];

function headerOf(n: number, at: number): Record<string, unknown> {
  const customer = mixed(n, 16) % CUSTOMERS;
  return {
    kind: 'sale',
    reference: String(500_000 + n),
    day: new Date(at).toISOString().slice(0, 10),
    soldAt: new Date(at).toISOString(),
    currency: 'GBP',
    scale: 2,
    customerId: `C${10_000 + customer}`,
    customerName: null,
    country: `Country ${customer % COUNTRIES}`,
    region: null,
    channel: ['web', 'store', 'telephone'][mixed(n, 17) % 3],
    shippedOn: null,
  };
}

const recorded = (n: number, at: number, workspaces: number): LogEvent =>
  event(n, n, 0, at, workspaces, { type: saleRecorded.type, data: { ...headerOf(n, at), lines: linesOf(n) } });

function amended(n: number, of: number, workspaces: number): LogEvent {
  const { channel } = headerOf(of, dayOf(of));
  const lines = linesOf(of).map((sold, i) => (i === 0 ? { ...sold, amount: sold.amount - 10 } : sold));
  const data = { from: { channel }, to: { channel: 'corrected' }, lines, reason: 'typed wrongly' };
  return event(n, of, 1, dayOf(n) + timeOf(n), workspaces, { type: saleAmended.type, data });
}

function refunded(n: number, of: number, workspaces: number): LogEvent {
  const sold = line(of, 1);
  const { amount, quantity } = sold;
  const day = dayText(n);
  const lines = [{ lineNo: 1, quantity, amount }];
  const data = { refundId: uuid(n, 6), day, amount, lines, reason: 'sent back' };
  return event(n, of, 1, dayOf(n) + timeOf(n), workspaces, { type: saleRefunded.type, data });
}
