/** What happens to a sale: an invoice, a credit note or a book adjustment, with its lines. Stream `sale-<id>`. */
import { z } from 'zod';
import { defineEvent, type EventOf } from '../shared/event.js';
import { currencySchema, rescale, scaleSchema } from '../shared/money.js';
import { localDateSchema, utcInstantSchema } from '../shared/time.js';

/** `sale`: an invoice. `credit_note`: goods given back or an invoice cancelled, as a document of its own. `adjustment`: a correction of the books. */
export const saleKindSchema = z.enum(['sale', 'credit_note', 'adjustment']);
export type SaleKind = z.infer<typeof saleKindSchema>;

/** A plain decimal as text, exact: `2.5`, `-1`, `0.001`. */
export const decimalSchema = z
  .string()
  .regex(/^-?\d{1,15}(\.\d{1,9})?$/, 'a decimal is digits with an optional point')
  .meta({ examples: ['2.5'] });

export const saleLineSchema = z.object({
  lineNo: z.int().min(1).describe('Unique in the sale, from 1.'),
  sku: z.string(),
  product: z.string().describe('As the document names it; the same sku may carry several names over time.'),
  category: z.array(z.string()).describe("Path of categories, widest first: `['Technology', 'Phones']`."),
  quantity: decimalSchema,
  unitPrice: decimalSchema,
  amount: z.int().describe("What the line comes to, signed, in units of the sale's currency at the sale's scale."),
  profit: z.int().nullable().describe('Profit on the line at the same scale; null when unknown.'),
  soldAt: utcInstantSchema
    .optional()
    .describe(
      "When this line was sold, where the source says so line by line and it differs from the document's own time.",
    ),
});
export type SaleLine = z.infer<typeof saleLineSchema>;

export const saleHeaderSchema = z.object({
  kind: saleKindSchema,
  reference: z.string().describe('The number on the document: `536365`.'),
  day: localDateSchema.describe("The workspace's local day of the sale, which every report counts it on."),
  soldAt: utcInstantSchema.nullable().describe('The instant of the sale in UTC; null when only the day is known.'),
  currency: currencySchema,
  scale: scaleSchema.describe('Decimal places of every amount of this sale.'),
  customerId: z
    .string()
    .nullable()
    .describe("The customer's own number at the source; null when the document names none."),
  customerName: z.string().nullable().meta({ personal: true }),
  country: z.string().nullable(),
  region: z.string().nullable(),
  channel: z.string().nullable().describe('How it was sold: `web`, `store`, `Second Class`.'),
  shippedOn: localDateSchema.nullable(),
});
export type SaleHeader = z.infer<typeof saleHeaderSchema>;

export const saleRecorded = defineEvent(
  'sales.SaleRecorded',
  saleHeaderSchema.extend({ lines: z.array(saleLineSchema) }).describe('A sale, with its lines.'),
);
export const saleLinesAdded = defineEvent(
  'sales.SaleLinesAdded',
  z
    .object({
      scale: scaleSchema.describe(
        'Decimal places of every amount of the sale from now on: as before, or more when these lines are finer.',
      ),
      lines: z.array(saleLineSchema),
    })
    .describe('More lines of the same document.'),
);
export const saleAmended = defineEvent(
  'sales.SaleAmended',
  z
    .object({
      from: saleHeaderSchema.partial(),
      to: saleHeaderSchema.partial(),
      lines: z.array(saleLineSchema).nullable(),
      reason: z.string(),
    })
    .describe(
      'The document was wrong: header fields that change, and all lines anew when any changes. A changed scale (only ever higher) is that of every amount from now on, of these lines and of what was before.',
    ),
);

/** What is given back of one line: a positive amount; the quantity has the sign of the line's own. */
export const refundedLineSchema = z.object({
  lineNo: z.int().min(1),
  quantity: decimalSchema,
  amount: z.int().positive(),
});
export type RefundedLine = z.infer<typeof refundedLineSchema>;

export const saleRefunded = defineEvent(
  'sales.SaleRefunded',
  z
    .object({
      refundId: z.uuid(),
      day: localDateSchema,
      amount: z.int().positive(),
      lines: z
        .array(refundedLineSchema)
        .describe('Adds up to `amount`; empty when a sum was given back that belongs to no line.'),
      reason: z.string(),
    })
    .describe("Money given back, for some lines or as a sum. Amounts are positive, at the sale's scale."),
);
export const saleCancelled = defineEvent(
  'sales.SaleCancelled',
  z
    .object({
      day: localDateSchema,
      amount: z.int(),
      lines: z
        .array(refundedLineSchema)
        .describe('As for a refund; empty when a sum was refunded before, so that what is left belongs to no line.'),
      reason: z.string(),
    })
    .describe(
      'The whole of what was not refunded yet is given back; of a credit note, taken back (`amount` is negative then).',
    ),
);

export const saleEvents = [saleRecorded, saleLinesAdded, saleAmended, saleRefunded, saleCancelled] as const;
export type SaleEvent = EventOf<(typeof saleEvents)[number]>;

/** What an event raised the scale to: the same amount there. */
export const raised = (amount: number, from: number, to: number): number =>
  from === to ? amount : Number(rescale(BigInt(amount), from, to));

export const raisedLines = (lines: readonly SaleLine[], from: number, to: number): readonly SaleLine[] =>
  from === to
    ? lines
    : lines.map((line) => ({
        ...line,
        amount: raised(line.amount, from, to),
        profit: line.profit === null ? null : raised(line.profit, from, to),
      }));

/** For refunds and cancellations. */
export const raisedRefund = <Given extends { readonly amount: number; readonly lines: readonly RefundedLine[] }>(
  given: Given,
  from: number,
  to: number,
): Given => ({
  ...given,
  amount: raised(given.amount, from, to),
  lines: given.lines.map((line) => ({ ...line, amount: raised(line.amount, from, to) })),
});
