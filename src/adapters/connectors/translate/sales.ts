/**
 * Rows of documents to sales. The rows of one document usually stand together, but not always: groups stay open while
 * rows of others pass, in a bounded window. A document that comes again after its group was closed gets more lines.
 */
import { AddSaleLines } from '../../../commands/sales/add-sale-lines.command.js';
import { AmendSale } from '../../../commands/sales/amend-sale.command.js';
import { RecordSale, type RecordSaleInput } from '../../../commands/sales/record-sale.command.js';
import { importedId } from '../../../domain/shared/ids.js';
import { reject, Rejection } from '../../../domain/shared/rejection.js';
import { fromLocal } from '../../../domain/shared/time.js';
import type { SaleKind } from '../../../domain/sales/sale.events.js';
import type { RecordSource, SourceRecord } from '../files/source-record.js';
import type { SalesMapping } from '../mapping/mapping.js';
import { dateReader, type WallClock } from '../mapping/read-dates.js';
import { BadValue, decimalReader, labelOf, readField } from '../mapping/read-fields.js';
import { ofColumns, orNull, required, TableTranslator, type SourceReader } from './table-translator.js';
import { fingerprint, type ImportContext, type Performed, type Send, type Sink } from './translator.js';

type SaleLineInput = RecordSaleInput['lines'][number];
type Header = Omit<RecordSaleInput, 'id' | 'lines'> & { readonly day: string };

/** Rows of others that may stand between two rows of a document before it is taken for complete. */
const WINDOW = 1_000;
/** Lines sent in one command, so that an event stays well below what the store takes (1 MiB). */
const MAX_LINES = 2_000;
/** Documents remembered to know them again, about 150 bytes each. Files with more are still right when sorted by document. */
const MAX_REMEMBERED = 500_000;

interface Group {
  readonly saleId: string;
  readonly reference: string;
  readonly header: Header;
  readonly time: string | undefined;
  readonly firstLine: number;
  readonly lines: SaleLineInput[];
  /** Number of the record that was added last. */
  lastRecord: number;
}

/** What has been sent of a document. */
interface Sent {
  readonly lines: number;
  readonly owner: string;
  readonly firstLine: number;
  /** What the last command's id is derived from: the next one's is derived from it in turn. */
  readonly chain: string;
}

export class SalesTranslator extends TableTranslator<SalesMapping> {
  private readonly open = new Map<string, Group>();
  /** By the sale's id, which unlike the document's number is no part of the file's text and so keeps none of it in memory. */
  private readonly sent = new Map<string, Sent>();
  private hasForgotten = false;
  private record = 0;
  private sourceName = '';

  constructor(
    mapping: SalesMapping,
    private readonly context: ImportContext,
  ) {
    super(mapping);
  }

  protected override read(source: RecordSource): SourceReader {
    this.sourceName = source.name;
    const { fields, categories, documents, missing } = this.mapping;
    const field = (name: keyof typeof fields) => readField(fields[name], source.header, missing);
    const [reference, sku, product, quantity] = [field('reference'), field('sku'), field('product'), field('quantity')];
    const [unitPrice, amount, profit] = [field('unitPrice'), field('amount'), field('profit')];
    const [date, time, shippedOn, currency] = [field('date'), field('time'), field('shippedOn'), field('currency')];
    const [customerId, customerName, country] = [field('customerId'), field('customerName'), field('country')];
    const [region, channel] = [field('region'), field('channel')];
    const category = categories.map((level) => readField(level, source.header, missing));
    const decimal = decimalReader(this.mapping.decimals);
    const day = dateReader(this.mapping.dates);
    const optional = (text: string, name: keyof typeof fields): string | null =>
      text === '' ? null : decimal(text, labelOf(fields[name]));
    const clockOf = (columns: readonly string[]): WallClock => {
      const clock = day(date(columns), labelOf(fields.date));
      const separate = time(columns);
      return separate === '' ? clock : day(`${clock.date} ${separate}`, labelOf(fields.time));
    };
    const kindOf = (number: string): SaleKind =>
      documents.find(({ startsWith }) => number.startsWith(startsWith))?.kind ?? 'sale';

    return {
      take: ({ columns, line }: SourceRecord, sink) => {
        this.record += 1;
        const number = required(reference(columns), labelOf(fields.reference), "the document's number");
        const clock = clockOf(columns);
        const saleLine: SaleLineInput = {
          sku: sku(columns),
          product: product(columns),
          quantity: decimal(quantity(columns), labelOf(fields.quantity)),
          unitPrice: optional(unitPrice(columns), 'unitPrice'),
          amount: optional(amount(columns), 'amount'),
          profit: optional(profit(columns), 'profit'),
          ...(category.length > 0 && { category: category.map((level) => level(columns)).filter(Boolean) }),
        };
        if (saleLine.unitPrice === null && saleLine.amount === null) {
          const label = labelOf(fields.unitPrice ?? fields.amount);
          throw new BadValue(label, '', 'neither a unit price nor an amount is given');
        }
        let group = this.open.get(number);
        if (!group) {
          const saleId = importedId(this.context.workspaceId, this.context.source, 'sale', number);
          const before = this.sent.get(saleId);
          if (before && before.owner !== ownerOf(orNull(customerId(columns)), orNull(currency(columns)))) {
            throw new BadValue(labelOf(fields.customerId), customerId(columns), `document ${number} is of another customer or in another currency in line ${before.firstLine}`); // prettier-ignore
          }
          group = {
            saleId,
            reference: number,
            header: {
              kind: kindOf(number),
              reference: number,
              day: clock.date,
              currency: orNull(currency(columns)),
              customerId: orNull(customerId(columns)),
              customerName: orNull(customerName(columns)),
              country: orNull(country(columns)),
              region: orNull(region(columns)),
              channel: orNull(channel(columns)),
              shippedOn: shippedOn(columns) === '' ? null : day(shippedOn(columns), labelOf(fields.shippedOn)).date,
            },
            time: clock.time,
            firstLine: line,
            lines: [],
            lastRecord: this.record,
          };
        } else {
          // Each line of money belongs to one customer and one currency; the rest of the header is the first row's.
          const customer = orNull(customerId(columns));
          if (customer !== group.header.customerId) {
            throw new BadValue(labelOf(fields.customerId), customer ?? '', `document ${number} is of another customer in line ${group.firstLine}`); // prettier-ignore
          }
          if (orNull(currency(columns)) !== group.header.currency) {
            throw new BadValue(labelOf(fields.currency), currency(columns), `document ${number} is in another currency in line ${group.firstLine}`); // prettier-ignore
          }
          this.open.delete(number);
        }
        const isLater = clock.date !== group.header.day || clock.time !== group.time;
        group.lines.push(
          isLater && clock.time !== undefined
            ? { ...saleLine, soldAt: fromLocal(clock.date, clock.time, this.context.timeZone) }
            : saleLine,
        );
        group.lastRecord = this.record;
        // Last in the map again: the map's order is the order in which groups were last added to.
        this.open.set(number, group);
        if (group.lines.length >= MAX_LINES) this.close(group, sink);
        for (const oldest of this.open.values()) {
          if (this.record - oldest.lastRecord <= WINDOW) break;
          this.close(oldest, sink);
        }
      },
    };
  }

  override end(sink: Sink): void {
    for (const group of this.open.values()) this.close(group, sink);
  }

  private close(group: Group, sink: Sink): void {
    const { context } = this;
    const { fields } = this.mapping;
    const { saleId, reference, header, lines, time } = group;
    const { kind, day } = header;
    this.open.delete(reference);
    const before = this.sent.get(saleId);
    // The first command's id is of its whole content; each later one's also of what came before it.
    const chain = before ? fingerprint([before.chain, lines]) : fingerprint([header, time, lines]);
    const numbered = lines.map((line, index) => ({ lineNo: (before?.lines ?? 0) + index + 1, ...line }));
    this.remember(saleId, {
      lines: (before?.lines ?? 0) + lines.length,
      owner: before?.owner ?? ownerOf(header.customerId, header.currency),
      firstLine: before?.firstLine ?? group.firstLine,
      chain,
    });
    const soldAt = time === undefined ? null : fromLocal(header.day, time, context.timeZone);
    const occurredAt = soldAt ?? fromLocal(header.day, '00:00', context.timeZone);
    const unsure = this.hasForgotten;
    sink.unit({
      key: saleId,
      records: lines.length,
      source: this.sourceName,
      line: group.firstLine,
      perform: async (send) => {
        if (before) {
          return outcome(await send(new AddSaleLines({ saleId, lines: numbered }, context.of(occurredAt, 'sale', saleId, chain)))); // prettier-ignore
        }
        const input = { ...header, soldAt, lines: numbered };
        const recorded = await send(new RecordSale({ id: saleId, ...input }, context.of(occurredAt, 'sale', saleId, chain))); // prettier-ignore
        if (!(recorded instanceof Rejection) || recorded.code !== 'ALREADY_EXISTS') return outcome(recorded);
        if (unsure) return reject('ALREADY_EXISTS', `document ${reference} was met too long ago to know its lines; sort the file by document`); // prettier-ignore
        return amend(
          send,
          context,
          { saleId, kind, day, ...ofColumns(fields, header), soldAt, lines: numbered },
          chain,
        );
      },
    });
  }

  private remember(saleId: string, sent: Sent): void {
    this.sent.set(saleId, sent);
    if (this.sent.size <= MAX_REMEMBERED) return;
    const [oldest] = this.sent.keys();
    if (oldest !== undefined) this.sent.delete(oldest);
    this.hasForgotten = true;
  }
}

/** Whose money a document's lines are, as a text of its own. */
const ownerOf = (customerId: string | null | undefined, currency: string | null | undefined): string =>
  fingerprint([customerId, currency]);

/** The document was brought in before, with other content. */
async function amend(
  send: Send,
  context: ImportContext,
  content: Omit<AmendSale['input'], 'reason'>,
  chain: string,
): Promise<Performed> {
  const reason = 'the source gives this document with other content than before';
  // Not at the time of the sale: it is now that the document is put right.
  return outcome(
    await send(new AmendSale({ ...content, reason }, context.of(undefined, 'amend', content.saleId, chain))),
  );
}

export const outcome = (result: { readonly written: number } | Rejection): Performed =>
  result instanceof Rejection ? result : { written: result.written };
