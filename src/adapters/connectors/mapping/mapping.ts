/**
 * A mapping says how the columns of a source become the fields of a command. It is a small JSON file that people write;
 * those of well-known sets are shipped in `mappings/`.
 */
import { z } from 'zod';
import { taskStatusSchema } from '../../../domain/work/project.events.js';
import { taskPrioritySchema } from '../../../domain/work/task.events.js';
import { saleKindSchema } from '../../../domain/sales/sale.events.js';
import { pagesSchema } from '../http/pages-config.js';

/**
 * Where a field's text comes from: a column by its name, or a column with what to do to it.
 * `{ "column": "CustomerID", "withoutEnding": ".0" }`, `{ "value": "GBP" }`, `{ "template": "Employee {EmployeeID}" }`.
 */
export const fieldSchema = z.union([
  z.string(),
  z
    .object({
      column: z.string(),
      /** Cut off where the text ends with it. */
      withoutEnding: z.string().min(1).optional(),
      /** Other words for some values: `{ "UK": "United Kingdom" }`. */
      words: z.record(z.string(), z.string()).optional(),
    })
    .strict(),
  z.object({ /** The same for every record. */ value: z.string() }).strict(),
  z.object({ /** Text with columns in braces. */ template: z.string() }).strict(),
]);
export type Field = z.infer<typeof fieldSchema>;

/** Out of `yyyy`, `MM`, `M`, `dd`, `d`, `HH`, `H`, `mm`, `ss`; everything else stands for itself. `M`, `d`, `H` take one digit or two. */
const dateFormatSchema = z.string().regex(/yyyy/, 'a date format needs yyyy').max(40);

const base = {
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,60}$/, 'a name has lower-case letters, digits, - and _'),
  /** The namespace of ids: the same document of the same source is the same sale. The mapping's name unless given. */
  source: z.string().min(1).max(100).optional(),
  /** Tried in turn. ISO dates are always understood. */
  dates: z.array(dateFormatSchema).max(5).default([]),
  decimals: z
    .object({ point: z.enum(['.', ',']), thousands: z.enum(['.', ',', ' ', "'"]).optional() })
    .default({ point: '.' }),
  /** Texts that mean "nothing here". */
  missing: z.array(z.string()).max(20).default([]),
  /** Records left out: those whose column has one of the texts, or none of them. */
  leaveOut: z
    .array(z.object({ column: z.string(), is: z.array(z.string()).optional(), isNot: z.array(z.string()).optional() }))
    .max(20)
    .default([]),
  /** Of sources that are an address: how it gives its records. Files need none. */
  http: pagesSchema.optional(),
};

const salesSchema = z.object({
  ...base,
  kind: z.literal('sales'),
  fields: z
    .object({
      /** The document's number: records with the same are lines of one sale. */
      reference: fieldSchema,
      date: fieldSchema,
      time: fieldSchema.optional(),
      sku: fieldSchema,
      product: fieldSchema.optional(),
      quantity: fieldSchema,
      /** One of these two is needed. */
      unitPrice: fieldSchema.optional(),
      amount: fieldSchema.optional(),
      profit: fieldSchema.optional(),
      /** The workspace's currency unless given. */
      currency: fieldSchema.optional(),
      customerId: fieldSchema.optional(),
      customerName: fieldSchema.optional(),
      country: fieldSchema.optional(),
      region: fieldSchema.optional(),
      channel: fieldSchema.optional(),
      shippedOn: fieldSchema.optional(),
    })
    .strict()
    .refine(
      (fields) => fields.unitPrice !== undefined || fields.amount !== undefined,
      'give unitPrice, amount or both',
    ),
  /** Widest first. */
  categories: z.array(fieldSchema).max(6).default([]),
  /** The first that fits decides; `sale` when none does. */
  documents: z
    .array(z.object({ startsWith: z.string().min(1), kind: saleKindSchema }).strict())
    .max(20)
    .default([]),
});

/** One record per employee and day. */
const daysSchema = z.object({
  ...base,
  kind: z.literal('attendance'),
  layout: z.literal('days'),
  fields: z
    .object({
      employee: fieldSchema,
      name: fieldSchema.optional(),
      /** The day; taken from checkIn when absent. */
      date: fieldSchema.optional(),
      checkIn: fieldSchema,
      checkOut: fieldSchema.optional(),
      /** Why absent, on days without a check-in. */
      reason: fieldSchema.optional(),
    })
    .strict(),
});

/** One row per employee, one column per day, arrivals and departures in two files of the same shape. */
const wideSchema = z.object({
  ...base,
  kind: z.literal('attendance'),
  layout: z.literal('wide'),
  fields: z.object({ employee: fieldSchema, name: fieldSchema.optional() }).strict(),
  /** A word in the names of the two files. */
  files: z.object({ checkIn: z.string().min(1), checkOut: z.string().min(1) }).strict(),
  /** What a day is called on which nobody came. */
  holiday: z.string().min(1).default('Holiday'),
});

/** One record per unit and day. */
const ratesSchema = z.object({
  ...base,
  kind: z.literal('attendance'),
  layout: z.literal('unit-rates'),
  fields: z.object({ date: fieldSchema, unit: fieldSchema, rate: fieldSchema }).strict(),
  /** The unit under which the source gives its own total. */
  total: z.string().optional(),
  notReported: z.array(z.string()).max(20).default([]),
});

const employeesSchema = z.object({
  ...base,
  kind: z.literal('employees'),
  fields: z
    .object({
      number: fieldSchema,
      name: fieldSchema,
      department: fieldSchema.optional(),
      title: fieldSchema.optional(),
      startedOn: fieldSchema.optional(),
    })
    .strict(),
});

const unitsSchema = z.object({
  ...base,
  kind: z.literal('units'),
  fields: z.object({ code: fieldSchema, name: fieldSchema, group: fieldSchema.optional() }).strict(),
});

const statusesSchema = z.record(z.string(), taskStatusSchema);
const prioritiesSchema = z.record(z.string(), taskPrioritySchema);

/** Issues of Jira's REST API with their changelog. */
const jiraSchema = z.object({
  ...base,
  kind: z.literal('tasks'),
  layout: z.literal('jira'),
  /** What each of Jira's statuses stands for; others go by their category, or are work to do. In the order of the board. */
  statuses: statusesSchema.default({}),
  priorities: prioritiesSchema.default({}),
});

/** One record per task. */
const tasksSchema = z.object({
  ...base,
  kind: z.literal('tasks'),
  layout: z.literal('rows'),
  fields: z
    .object({
      key: fieldSchema,
      title: fieldSchema,
      /** The project's key. */
      project: fieldSchema,
      projectName: fieldSchema.optional(),
      description: fieldSchema.optional(),
      type: fieldSchema.optional(),
      status: fieldSchema.optional(),
      priority: fieldSchema.optional(),
      storyPoints: fieldSchema.optional(),
      dueDate: fieldSchema.optional(),
      assignee: fieldSchema.optional(),
      created: fieldSchema.optional(),
    })
    .strict(),
  statuses: statusesSchema.default({}),
  priorities: prioritiesSchema.default({}),
});

export const mappingSchema = z.union([
  salesSchema,
  daysSchema,
  wideSchema,
  ratesSchema,
  employeesSchema,
  unitsSchema,
  jiraSchema,
  tasksSchema,
]);
export type Mapping = z.output<typeof mappingSchema>;
export type MappingInput = z.input<typeof mappingSchema>;
export type SalesMapping = z.output<typeof salesSchema>;
export type DaysMapping = z.output<typeof daysSchema>;
export type WideMapping = z.output<typeof wideSchema>;
export type RatesMapping = z.output<typeof ratesSchema>;
export type EmployeesMapping = z.output<typeof employeesSchema>;
export type UnitsMapping = z.output<typeof unitsSchema>;
export type JiraMapping = z.output<typeof jiraSchema>;
export type TasksMapping = z.output<typeof tasksSchema>;

export const IMPORT_KINDS = ['sales', 'attendance', 'employees', 'units', 'tasks'] as const;
export type ImportKind = (typeof IMPORT_KINDS)[number];

/** The namespace that ids of things brought in by this mapping are derived in. */
export const sourceOf = (mapping: Mapping): string => mapping.source ?? mapping.name;

/** The columns that a field reads. */
export function columnsOfField(field: Field): readonly string[] {
  if (typeof field === 'string') return [field];
  if ('column' in field) return [field.column];
  return 'template' in field ? [...field.template.matchAll(/\{([^{}]+)\}/g)].map((match) => match[1] ?? '') : [];
}

/** Every column that a mapping reads, each once. */
export function columnsOf(mapping: Mapping): readonly string[] {
  if (mapping.kind === 'tasks' && mapping.layout === 'jira') return ['key', 'fields', 'changelog'];
  const fields: Field[] = Object.values(mapping.fields).filter((field) => field !== undefined);
  if (mapping.kind === 'sales') fields.push(...mapping.categories);
  return [...new Set([...fields.flatMap(columnsOfField), ...mapping.leaveOut.map(({ column }) => column)])];
}
