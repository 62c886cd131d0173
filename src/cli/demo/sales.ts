/** A year of sales: 5,000 documents with lines, more of them in spring and before Christmas; some refunded, cancelled or put right. */
import { AmendSale } from '../../commands/sales/amend-sale.command.js';
import { CancelSale } from '../../commands/sales/cancel-sale.command.js';
import { RecordSale } from '../../commands/sales/record-sale.command.js';
import { RefundSale } from '../../commands/sales/refund-sale.command.js';
import { addDays, fromLocal, weekday, type LocalDate } from '../../domain/shared/time.js';
import { DAYS, LAST_DAY, OWNER, TIME_ZONE } from './company.js';
import { randomOf } from './random.js';
import { createdId, type Step, type Story } from './story.js';

const COUNT = 5_000;
const CUSTOMERS = 1_200;

interface Product {
  readonly sku: string;
  readonly product: string;
  readonly category: readonly [string, string];
  readonly price: number;
  /** How often it is bought, against the others. */
  readonly weight: number;
}

const PRODUCTS: readonly Product[] = [
  ['CB-100', 'City bike Maas', 'Bikes', 'City', 649, 6],
  ['CB-200', 'City bike Rotte', 'Bikes', 'City', 799, 5],
  ['CB-300', 'Cargo bike Kade', 'Bikes', 'Cargo', 2490, 1],
  ['EB-100', 'E-bike Schie', 'Bikes', 'Electric', 1999, 3],
  ['EB-200', 'E-bike Lek', 'Bikes', 'Electric', 2799, 2],
  ['KB-016', 'Kids bike 16 inch', 'Bikes', 'Kids', 229, 4],
  ['KB-020', 'Kids bike 20 inch', 'Bikes', 'Kids', 269, 4],
  ['RB-100', 'Road bike Delta', 'Bikes', 'Road', 1399, 2],
  ['HL-010', 'Helmet Classic', 'Equipment', 'Helmets', 39.95, 14],
  ['HL-020', 'Helmet Urban', 'Equipment', 'Helmets', 69.95, 9],
  ['LK-010', 'Chain lock', 'Equipment', 'Locks', 44.5, 13],
  ['LK-020', 'Folding lock', 'Equipment', 'Locks', 79.9, 8],
  ['LI-010', 'Light set', 'Equipment', 'Lights', 24.95, 20],
  ['LI-020', 'Dynamo light', 'Equipment', 'Lights', 54.95, 5],
  ['BA-010', 'Pannier bag', 'Equipment', 'Bags', 49.95, 10],
  ['BA-020', 'Handlebar bag', 'Equipment', 'Bags', 29.95, 9],
  ['CS-010', 'Child seat', 'Equipment', 'Child seats', 119, 5],
  ['TY-010', 'Tyre 28 inch', 'Parts', 'Wheels', 27.95, 18],
  ['TU-010', 'Inner tube', 'Parts', 'Wheels', 6.95, 34],
  ['CH-010', 'Chain', 'Parts', 'Drive', 18.5, 16],
  ['BR-010', 'Brake pads', 'Parts', 'Brakes', 12.95, 22],
  ['SA-010', 'Saddle Comfort', 'Parts', 'Saddles', 34.95, 8],
  ['PU-010', 'Floor pump', 'Workshop', 'Tools', 32.95, 11],
  ['SV-010', 'Service small', 'Workshop', 'Service', 59, 16],
  ['SV-020', 'Service large', 'Workshop', 'Service', 129, 8],
].map(([sku, product, top, sub, price, weight]) => ({
  sku: String(sku),
  product: String(product),
  category: [String(top), String(sub)],
  price: Number(price),
  weight: Number(weight),
}));

/** Demand by month, January first: spring and December sell bicycles. */
const SEASON = [0.55, 0.65, 1.05, 1.4, 1.5, 1.35, 1.1, 0.95, 0.95, 0.8, 0.75, 1.15];

const random = randomOf('sales');
const productChoices = PRODUCTS.map((product) => [product, product.weight] as const);
const dayChoices = DAYS.map((day) => [day, demandOn(day)] as const);

export const salesStories: readonly Story[] = Array.from({ length: COUNT }, () => random.weighted(dayChoices))
  .toSorted()
  .map((day, index) => saleStory(day, `S25-${String(index + 1).padStart(5, '0')}`));

function demandOn(day: LocalDate): number {
  const month = SEASON[Number(day.slice(5, 7)) - 1] ?? 1;
  const ofWeek = weekday(day) === 6 ? 1.7 : weekday(day) === 7 ? 0.7 : 1;
  // The week in October in which the online shop was down, and the Friday that everybody waits for.
  const special = day >= '2025-10-06' && day <= '2025-10-09' ? 0.15 : day === '2025-11-28' ? 5 : 1;
  return month * ofWeek * special;
}

function saleStory(day: LocalDate, reference: string): Story {
  const key = `sale/${reference}`;
  const country = random.weighted([
    ['Netherlands', 70],
    ['Belgium', 12],
    ['Germany', 11],
    ['France', 4],
    ['Denmark', 3],
  ] as const);
  const channel =
    country === 'Netherlands'
      ? random.weighted([
          ['shop', 50],
          ['web', 45],
          ['phone', 5],
        ] as const)
      : 'web';
  // Few customers buy often: the square favours low numbers.
  const customer = Math.floor(random.next() ** 2 * CUSTOMERS) + 1;
  const known = channel !== 'shop' || random.chance(0.7);
  const soldAt = fromLocal(
    day,
    `${10 + random.int(0, 8)}:${10 + random.int(0, 49)}:${10 + random.int(0, 49)}`,
    TIME_ZONE,
  );
  const lines = Array.from(
    {
      length: random.weighted([
        [1, 45],
        [2, 28],
        [3, 15],
        [4, 8],
        [6, 4],
      ] as const),
    },
    (_, at) => saleLine(at + 1),
  );
  const record: Step = {
    at: soldAt,
    by: OWNER,
    make: (context) =>
      new RecordSale(
        {
          reference,
          soldAt,
          day,
          customerId: known ? `C${String(customer).padStart(4, '0')}` : null,
          country,
          channel,
          lines,
        },
        context,
      ),
  };
  return { key, steps: [record, ...afterwards(createdId('sale', key), day, lines.length)] };
}

function saleLine(lineNo: number): {
  lineNo: number;
  sku: string;
  product: string;
  category: string[];
  quantity: string;
  unitPrice: string;
} {
  const { sku, product, category, price } = random.weighted(productChoices);
  const quantity =
    price < 100
      ? random.weighted([
          [1, 70],
          [2, 22],
          [4, 6],
          [10, 2],
        ] as const)
      : 1;
  return { lineNo, sku, product, category: [...category], quantity: String(quantity), unitPrice: price.toFixed(2) };
}

/** What becomes of some sales in the days after. */
function afterwards(saleId: string, soldOn: LocalDate, lines: number): Step[] {
  const fate = random.weighted([
    ['nothing', 93],
    ['refund', 4],
    ['cancel', 2],
    ['amend', 1],
  ] as const);
  const day = addDays(soldOn, random.int(1, 14));
  if (fate === 'nothing' || day > LAST_DAY) return [];
  const at = fromLocal(day, '11:00', TIME_ZONE);
  switch (fate) {
    case 'refund': {
      const lineNo = random.int(1, lines);
      const reason = random.pick(['did not fit', 'damaged in transport', 'returned within 14 days']);
      return [
        {
          at,
          by: OWNER,
          make: (context) => new RefundSale({ saleId, lines: [{ lineNo, quantity: '1' }], day, reason }, context),
        },
      ];
    }
    case 'cancel':
      return [{ at, by: OWNER, make: (context) => new CancelSale({ saleId, day, reason: 'ordered twice' }, context) }];
    case 'amend':
      return [
        {
          at,
          by: OWNER,
          make: (context) =>
            new AmendSale({ saleId, region: 'Zuid-Holland', reason: 'delivered to another address' }, context),
        },
      ];
  }
}
