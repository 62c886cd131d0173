/** Input fields that several commands of sales share. Blanks around texts are dropped. */
import { z } from 'zod';
import { currencySchema } from '../../domain/shared/money.js';
import { MAX_SALE_LINES } from '../../domain/sales/sale-lines.js';
import { saleKindSchema } from '../../domain/sales/sale.events.js';
import { instantSchema, localDateSchema } from '../../domain/shared/time.js';

/** Digits, at most one point, no thousands separators, no exponent, no currency sign. */
export const decimalText = z
  .string()
  .trim()
  .regex(/^[+-]?\d{1,15}(\.\d{1,9})?$/, {
    error: ({ input }) =>
      `${JSON.stringify(String(input).slice(0, 40))} is not a plain decimal; write it like -1234.50, ` +
      'with at most 15 digits before the point and 9 after it, without thousands separators or letters',
  });

/** Postgres can keep neither NUL nor half of a surrogate pair; a document that holds one was read in a wrong encoding. */
const text = (max: number) =>
  z
    .string()
    .trim()
    .max(max)
    .regex(/^[^\0\p{Cs}]*$/u, 'this text holds characters that are none; read it in its right encoding');

/** Figures are kept by path, and a longer one, of three bytes a character, would not fit an entry of an index. */
const MAX_PATH = 500;

export const saleLineInput = z.object({
  lineNo: z.int().min(1).max(1_000_000_000).nullish(),
  sku: text(100),
  product: text(500),
  /** Widest first. */
  category: z
    .array(text(100).min(1))
    .max(10)
    .refine(
      (path) => path.join('').length <= MAX_PATH,
      `a path of categories has at most ${MAX_PATH} characters in all`,
    )
    .nullish()
    .transform((given) => given ?? []),
  quantity: decimalText,
  /** May be left out when `amount` is there. */
  unitPrice: decimalText.nullish(),
  /** Only where the document states it, for example after a discount; otherwise quantity × unit price. */
  amount: decimalText.nullish(),
  profit: decimalText.nullish(),
  /** Only where it differs from the sale's own. */
  soldAt: instantSchema.nullish(),
});

export const saleLinesInput = z
  .array(saleLineInput)
  .min(1, 'a sale has at least one line')
  .max(MAX_SALE_LINES, `at most ${MAX_SALE_LINES} lines`);

const optionalText = (max: number) =>
  text(max)
    .transform((given) => given || null)
    .nullish();

/** What the document says beside its lines. */
export const saleHeaderFields = {
  kind: saleKindSchema,
  reference: text(100).min(1, 'the number on the document'),
  day: localDateSchema,
  soldAt: instantSchema,
  currency: currencySchema,
  customerId: optionalText(100),
  customerName: optionalText(200),
  country: optionalText(100),
  region: optionalText(100),
  channel: optionalText(100),
  shippedOn: localDateSchema.nullish(),
};

export const reasonText = text(1_000).min(1, 'say why');
