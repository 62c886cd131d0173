/** Finds the mapping for a file that came with none: a shipped one whose columns are all there, else by what columns are usually called. */
import type { Field, ImportKind, Mapping, MappingInput } from './mapping.js';
import { columnsOf, mappingSchema } from './mapping.js';
import { missingColumns } from './read-fields.js';
import { shippedMappings } from './shipped.js';

export type Guess =
  | { readonly outcome: 'found'; readonly mapping: Mapping; readonly because: string }
  /** `missing`: fields for which no column was recognised. */
  | { readonly outcome: 'none'; readonly missing: readonly string[] };

type Synonyms = Readonly<Record<string, readonly string[]>>;

/** Lower case, letters and digits only. The first name that a header has is taken. */
const SYNONYMS: Readonly<Record<ImportKind, { readonly needed: readonly string[]; readonly names: Synonyms }>> = {
  sales: {
    needed: ['reference', 'date', 'sku', 'quantity', 'unitPrice'],
    names: {
      reference: ['invoice', 'invoiceno', 'invoicenumber', 'orderid', 'orderno', 'ordernumber', 'order', 'saleid', 'transactionid', 'receipt', 'receiptno', 'reference', 'documentno'],
      date: ['date', 'invoicedate', 'orderdate', 'saledate', 'transactiondate', 'datetime', 'timestamp', 'soldat', 'createdat', 'day'],
      time: ['time', 'saletime'],
      sku: ['sku', 'stockcode', 'productid', 'productcode', 'itemcode', 'itemid', 'itemno', 'article', 'articleno', 'code'],
      product: ['product', 'productname', 'description', 'item', 'itemname', 'title', 'name'],
      quantity: ['quantity', 'qty', 'units', 'amountordered', 'count', 'pieces'],
      unitPrice: ['unitprice', 'price', 'priceeach', 'priceperunit', 'itemprice', 'unitcost'],
      amount: ['amount', 'total', 'linetotal', 'sales', 'revenue', 'extendedprice', 'totalprice', 'net', 'netamount'],
      profit: ['profit', 'margin'],
      currency: ['currency', 'currencycode'],
      customerId: ['customerid', 'customerno', 'customernumber', 'customer', 'clientid', 'buyerid'],
      customerName: ['customername', 'clientname', 'buyer', 'buyername'],
      country: ['country', 'countryname', 'shipcountry'],
      region: ['region', 'state', 'area', 'territory'],
      channel: ['channel', 'saleschannel', 'shipmode', 'store', 'source'],
      shippedOn: ['shipdate', 'shippedon', 'shippeddate', 'deliverydate'],
    },
  },
  attendance: {
    needed: ['employee', 'checkIn'],
    names: {
      employee: ['employee', 'employeeid', 'employeeno', 'employeenumber', 'empid', 'staffid', 'personid', 'badge', 'id'],
      name: ['name', 'employeename', 'fullname'],
      date: ['date', 'day', 'workdate'],
      checkIn: ['checkin', 'in', 'timein', 'clockin', 'arrival', 'start', 'starttime', 'firstin'],
      checkOut: ['checkout', 'out', 'timeout', 'clockout', 'departure', 'end', 'endtime', 'lastout'],
      reason: ['reason', 'absencereason', 'absence', 'note'],
    },
  },
  employees: {
    needed: ['number', 'name'],
    names: {
      number: ['number', 'employeeid', 'employeeno', 'employeenumber', 'empid', 'staffid', 'personid', 'id'],
      name: ['name', 'fullname', 'employeename', 'employee'],
      department: ['department', 'dept', 'team', 'unit', 'division'],
      title: ['title', 'jobtitle', 'position', 'role', 'jobrole'],
      startedOn: ['startedon', 'startdate', 'hiredate', 'hiredon', 'joined', 'joiningdate'],
    },
  },
  units: {
    needed: ['code', 'name'],
    names: {
      code: ['code', 'id', 'unit', 'unitcode', 'unitid', 'school', 'schoolid', 'site', 'siteid', 'dbn'],
      name: ['name', 'unitname', 'schoolname', 'sitename', 'title'],
      group: ['group', 'borough', 'region', 'district', 'area', 'city'],
    },
  },
  tasks: {
    needed: ['key', 'title', 'project'],
    names: {
      key: ['key', 'issuekey', 'id', 'taskid', 'issueid', 'number', 'ticket'],
      title: ['title', 'summary', 'name', 'task', 'subject'],
      project: ['projectkey', 'project', 'board', 'list'],
      projectName: ['projectname'],
      description: ['description', 'details', 'body', 'notes'],
      type: ['type', 'issuetype', 'tracker', 'kind'],
      status: ['status', 'state', 'column', 'stage'],
      priority: ['priority', 'severity', 'importance'],
      storyPoints: ['storypoints', 'points', 'estimate', 'size'],
      dueDate: ['duedate', 'due', 'deadline', 'dueon'],
      assignee: ['assignee', 'assignedto', 'owner', 'responsible'],
      created: ['created', 'createdat', 'createdon', 'creationdate', 'opened'],
    },
  },
}; // prettier-ignore

export function guessMapping(kind: ImportKind, header: readonly string[], fileNames: readonly string[]): Guess {
  for (const mapping of shippedMappings()) {
    if (mapping.kind !== kind || missingColumns(columnsOf(mapping), header).length > 0) continue;
    if ('layout' in mapping && mapping.layout === 'wide' && !namesBoth(mapping.files, fileNames)) continue;
    return { outcome: 'found', mapping, because: 'all its columns are there' };
  }
  const { needed, names } = SYNONYMS[kind];
  const fields: Record<string, Field> = {};
  const taken = new Set<string>();
  const plain = header.map((column) => column.toLowerCase().replaceAll(/[^a-z0-9]/g, ''));
  for (const [field, synonyms] of Object.entries(names)) {
    const index = synonyms.map((name) => plain.findIndex((column, at) => column === name && !taken.has(header[at] ?? ''))).find((at) => at >= 0); // prettier-ignore
    const column = index === undefined ? undefined : header[index];
    if (column === undefined) continue;
    taken.add(column);
    fields[field] = column;
  }
  // Either of the two says what a line comes to.
  const alternatives: Readonly<Record<string, string>> = { unitPrice: 'amount' };
  const missing = needed.filter((field) => !(field in fields) && !((alternatives[field] ?? '') in fields));
  if (missing.length > 0) return { outcome: 'none', missing };
  const layout = kind === 'attendance' ? { layout: 'days' } : kind === 'tasks' ? { layout: 'rows' } : {};
  const guessed: unknown = { name: 'guessed', kind, ...layout, fields, dates: [] } satisfies
    Partial<MappingInput> | object;
  return { outcome: 'found', mapping: mappingSchema.parse(guessed), because: 'by the names of its columns' };
}

/** Arrivals and departures are known apart by the names of their files. */
export const namesBoth = (
  files: { readonly checkIn: string; readonly checkOut: string },
  names: readonly string[],
): boolean => [files.checkIn, files.checkOut].every((word) => names.some((name) => name.toLowerCase().includes(word)));

/** The guess as people read it: each field and where it comes from. */
export function describeMapping(mapping: Mapping): readonly string[] {
  if (mapping.kind === 'tasks' && mapping.layout === 'jira') return ['issues of Jira with their changelog'];
  const lines = Object.entries(mapping.fields).flatMap(([name, field]) => (field === undefined ? [] : [`${name.padEnd(12)} ← ${words(field)}`])); // prettier-ignore
  if (mapping.kind === 'sales' && mapping.categories.length > 0) {
    lines.push(`${'category'.padEnd(12)} ← ${mapping.categories.map(words).join(' › ')}`);
  }
  return lines;
}

function words(field: Field): string {
  if (typeof field === 'string') return field === '' ? '(the column without a name)' : field;
  if ('column' in field) return field.column;
  return 'value' in field ? `always ${field.value}` : field.template;
}
