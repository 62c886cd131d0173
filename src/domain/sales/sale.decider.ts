/** A sale: a document with lines. It may grow, be put right, be refunded up to what it came to, and be cancelled once. */
import type { Decider, Decision } from '../shared/decider.js';
import { formatDecimal, minorUnitScale } from '../shared/money.js';
import { reject, Rejection } from '../shared/rejection.js';
import { sameLine, totalOf, workOutLines, type SaleLineInput } from './sale-lines.js';
import { allLeft, amountAt, holdsRefunds, refundLines, type RefundLineInput } from './sale-refund.js';
import {
  raised,
  raisedLines,
  raisedRefund,
  saleAmended,
  saleCancelled,
  saleHeaderSchema,
  saleLinesAdded,
  saleRecorded,
  saleRefunded,
  type RefundedLine,
  type SaleEvent,
  type SaleHeader,
  type SaleLine,
} from './sale.events.js';

/** Amounts are positive integers at the sale's scale. */
export interface Refund {
  readonly refundId: string;
  readonly day: string;
  readonly amount: number;
  readonly lines: readonly RefundedLine[];
  readonly reason: string;
}

export interface RecordedSale {
  readonly exists: true;
  readonly header: SaleHeader;
  readonly lines: readonly SaleLine[];
  /** The sum of the lines; all amounts are at `header.scale`. */
  readonly total: number;
  readonly refunds: readonly Refund[];
  /** The sum of the refunds. */
  readonly refunded: number;
  readonly cancelled: Omit<Refund, 'refundId'> | null;
}
export type SaleState = { readonly exists: false } | RecordedSale;

/** The header without what is worked out from the lines. */
export type SaleHeaderInput = Omit<SaleHeader, 'scale'>;
export type SaleChanges = { readonly [Field in keyof SaleHeaderInput]?: SaleHeaderInput[Field] | undefined };

export type SaleCommand =
  | { readonly type: 'record'; readonly header: SaleHeaderInput; readonly lines: readonly SaleLineInput[] }
  | { readonly type: 'addLines'; readonly lines: readonly SaleLineInput[] }
  | {
      readonly type: 'amend';
      readonly changes: SaleChanges;
      readonly lines?: readonly SaleLineInput[] | undefined;
      readonly reason: string;
    }
  | {
      readonly type: 'refund';
      readonly refundId: string;
      readonly day: string;
      readonly what: { readonly lines: readonly RefundLineInput[] } | { readonly amount: string } | 'everything';
      readonly reason: string;
    }
  | { readonly type: 'cancel'; readonly day: string; readonly reason: string };
type CommandOf<Type> = Extract<SaleCommand, { type: Type }>;

/** Refunds of one sale: nobody gives money back more often, and every change reads all of them. */
const MAX_REFUNDS = 200;

export const saleDecider: Decider<SaleState, SaleCommand, SaleEvent> = {
  initialState: { exists: false },

  evolve(state, event) {
    if (event.type === 'sales.SaleRecorded') {
      const { lines, ...header } = event.data;
      return { exists: true, header, lines, total: sum(lines), refunds: [], refunded: 0, cancelled: null };
    }
    if (!state.exists) return state;
    switch (event.type) {
      case 'sales.SaleLinesAdded': {
        const scaled = atScale(state, event.data.scale);
        const lines = [...scaled.lines, ...event.data.lines];
        return { ...scaled, lines, total: sum(lines) };
      }
      case 'sales.SaleAmended': {
        const scaled = atScale(state, event.data.to.scale ?? state.header.scale);
        const lines = event.data.lines ?? scaled.lines;
        return { ...scaled, header: overlaid(scaled.header, event.data.to), lines, total: sum(lines) };
      }
      case 'sales.SaleRefunded':
        return {
          ...state,
          refunds: [...state.refunds, event.data],
          refunded: state.refunded + event.data.amount,
        };
      case 'sales.SaleCancelled':
        return { ...state, cancelled: event.data };
    }
  },

  decide(command, state) {
    if (command.type === 'record') return record(command, state);
    if (!state.exists) return reject('NOT_FOUND', 'there is no such sale');
    if (command.type === 'cancel') return cancel(command, state);
    if (command.type === 'refund' && state.refunds.some(({ refundId }) => refundId === command.refundId)) return [];
    if (state.cancelled) return reject('NOT_ALLOWED_NOW', 'this sale was cancelled; nothing of it can change any more');
    switch (command.type) {
      case 'addLines':
        return addLines(command, state);
      case 'amend':
        return amend(command, state);
      case 'refund':
        return refund(command, state);
    }
  },
};

function record(command: CommandOf<'record'>, state: SaleState): Decision<SaleEvent> {
  const worked = workOutLines(command.lines, command.header.currency);
  if (worked instanceof Rejection) return worked;
  const { lines, scale } = worked;
  const header: SaleHeader = { ...command.header, scale };
  if (state.exists) {
    const same = differences(state.header, header) === undefined && sameLines(state.lines, lines);
    return same ? [] : reject('ALREADY_EXISTS', 'this sale is recorded already, with other content; amend it instead');
  }
  const total = totalOf(lines, scale);
  if (total instanceof Rejection) return total;
  return refuseKind(header, total) ?? [saleRecorded({ ...header, lines })];
}

function addLines(command: CommandOf<'addLines'>, state: RecordedSale): Decision<SaleEvent> {
  const { header } = state;
  const firstNo = Math.max(0, ...lineNumbers(state.lines)) + 1;
  const worked = workOutLines(command.lines, header.currency, firstNo, header.scale);
  if (worked instanceof Rejection) return worked;
  const present = raisedLines(state.lines, header.scale, worked.scale);
  const byNo = new Map(present.map((line) => [line.lineNo, line]));
  const added: SaleLine[] = [];
  for (const [index, line] of worked.lines.entries()) {
    const known = byNo.get(line.lineNo);
    if (!known) added.push(line);
    else if (!sameLine(known, line)) {
      const message = `line ${line.lineNo} exists already, with other content; amend the sale instead`;
      return reject('ALREADY_EXISTS', message, ['lines', String(index), 'lineNo']);
    }
  }
  if (added.length === 0) return [];
  const total = totalOf([...present, ...added], worked.scale, added);
  if (total instanceof Rejection) return total;
  const refused =
    refuseKind(header, total) ?? refuseTotal(state, raised(state.refunded, header.scale, worked.scale), total);
  return refused ?? [saleLinesAdded({ scale: worked.scale, lines: added })];
}

function amend({ changes, lines: inputs, reason }: CommandOf<'amend'>, state: RecordedSale): Decision<SaleEvent> {
  const wanted = overlaid(state.header, changes);
  const worked = inputs
    ? workOutLines(inputs, wanted.currency, 1, state.header.scale)
    : { scale: Math.max(state.header.scale, minorUnitScale(wanted.currency)), lines: undefined };
  if (worked instanceof Rejection) return worked;

  const { header } = atScale({ ...state, header: wanted }, worked.scale);
  const before = atScale(state, worked.scale);
  const lines = worked.lines && !sameLines(before.lines, worked.lines) ? worked.lines : undefined;
  const changed = differences(state.header, header);
  if (!changed && !lines) return [];

  const total = totalOf(lines ?? before.lines, worked.scale, lines ?? []);
  if (total instanceof Rejection) return total;
  const refused = refuseKind(header, total) ?? refuseTotal(before, before.refunded, total);
  if (refused) return refused;
  if (lines && !holdsRefunds(lines, refundedLines(before))) {
    return reject('NOT_ALLOWED_NOW', 'lines that were refunded must stay, with at least what was given back', [
      'lines',
    ]);
  }
  if (state.refunds.length > 0 && (header.kind !== 'sale' || header.currency !== state.header.currency)) {
    const field = header.kind === 'sale' ? 'currency' : 'kind';
    return reject('NOT_ALLOWED_NOW', `money of this sale was given back already: its ${field} can't change`, [field]);
  }
  return [saleAmended({ from: changed?.from ?? {}, to: changed?.to ?? {}, lines: lines ?? null, reason })];
}

function refund(command: CommandOf<'refund'>, state: RecordedSale): Decision<SaleEvent> {
  const { what, day, refundId, reason } = command;
  const { scale, kind } = state.header;
  const left = state.total - state.refunded;
  if (kind !== 'sale') return reject('NOT_ALLOWED_NOW', 'only a sale can be refunded; cancel this document instead');
  if (left <= 0) return reject('NOT_ALLOWED_NOW', 'nothing is left of this sale to give back');
  if (state.refunds.length >= MAX_REFUNDS) {
    return reject('NOT_ALLOWED_NOW', `a sale can be refunded at most ${MAX_REFUNDS} times`);
  }
  if (day < state.header.day) return reject('INVALID', 'a refund is not before the day of the sale', ['day']);

  if (what === 'everything') {
    const lines = allLeft(state.lines, refundedLines(state), left);
    return [saleRefunded({ refundId, day, amount: left, lines, reason })];
  }
  const lines = 'lines' in what ? refundLines(what.lines, state.lines, refundedLines(state), scale) : [];
  if (lines instanceof Rejection) return lines;
  const amount = 'lines' in what ? sumOf(lines) : amountAt(what.amount, scale);
  const field = ['lines' in what ? 'lines' : 'amount'];
  if (amount === undefined) {
    return reject('INVALID', `an amount is a plain decimal with at most ${scale} decimals`, field);
  }
  if (amount <= 0n || amount > BigInt(left)) {
    const most = formatDecimal(BigInt(left), scale);
    return reject('INVALID', `give back more than 0 and at most ${most} ${state.header.currency}`, field, {
      left: most,
    });
  }
  return [saleRefunded({ refundId, day, amount: Number(amount), lines, reason })];
}

function cancel({ day, reason }: CommandOf<'cancel'>, state: RecordedSale): Decision<SaleEvent> {
  if (state.cancelled) return [];
  if (day < state.header.day) return reject('INVALID', 'a cancellation is not before the day of the sale', ['day']);
  const amount = state.total - state.refunded;
  return [saleCancelled({ day, amount, lines: allLeft(state.lines, refundedLines(state), amount), reason })];
}

/** Credit notes give money back: a positive one has its signs the wrong way round. */
function refuseKind(header: SaleHeader, total: number): Rejection | undefined {
  if (header.kind !== 'credit_note' || total <= 0) return undefined;
  return reject('INVALID', 'a credit note gives money back: its quantities are negative', ['lines']);
}

function refuseTotal(state: RecordedSale, refunded: number, total: number): Rejection | undefined {
  if (state.refunds.length === 0 || total >= refunded) return undefined;
  return reject('NOT_ALLOWED_NOW', 'the sale would come to less than what was given back of it already', ['lines']);
}

/** The whole state with every amount at a higher scale. */
function atScale(state: RecordedSale, scale: number): RecordedSale {
  const from = state.header.scale;
  if (from === scale) return state;
  return {
    ...state,
    header: { ...state.header, scale },
    lines: raisedLines(state.lines, from, scale),
    total: raised(state.total, from, scale),
    refunds: state.refunds.map((given) => raisedRefund(given, from, scale)),
    refunded: raised(state.refunded, from, scale),
    cancelled: state.cancelled && raisedRefund(state.cancelled, from, scale),
  };
}

/** The header fields that differ, as they were and as they are now. */
function differences(
  before: SaleHeader,
  after: SaleHeader,
): { readonly from: Partial<SaleHeader>; readonly to: Partial<SaleHeader> } | undefined {
  const changed = HEADER_FIELDS.filter((field) => before[field] !== after[field]);
  if (changed.length === 0) return undefined;
  return { from: pick(before, changed), to: pick(after, changed) };
}

const HEADER_FIELDS = saleHeaderSchema.keyof().options;

const pick = (header: SaleHeader, fields: readonly (keyof SaleHeader)[]): Partial<SaleHeader> =>
  Object.fromEntries(fields.map((field) => [field, header[field]]));

/** Header fields that an amendment names, over those that were. */
const overlaid = (header: SaleHeader, changes: SaleChanges | Partial<SaleHeader>): SaleHeader =>
  Object.assign({ ...header }, defined(changes));

const defined = (changes: object): object =>
  Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));

const sameLines = (left: readonly SaleLine[], right: readonly SaleLine[]): boolean =>
  left.length === right.length &&
  right.every((line, index) => left[index] !== undefined && sameLine(left[index], line));

const refundedLines = (state: RecordedSale): readonly RefundedLine[] => state.refunds.flatMap(({ lines }) => lines);

const lineNumbers = (lines: readonly SaleLine[]): number[] => lines.map(({ lineNo }) => lineNo);

const sumOf = (parts: readonly { readonly amount: number }[]): bigint =>
  parts.reduce((total, { amount }) => total + BigInt(amount), 0n);

/** Of lines that were checked to add up to a safe integer. */
const sum = (lines: readonly SaleLine[]): number => Number(sumOf(lines));
