/** How an address gives its records page by page: the part `http` of a mapping. The address itself is given with the import. */
import { z } from 'zod';

const path = z.string().max(200).regex(/^[^.\s]+(\.[^.\s]+)*$/, 'a path is names with points between: data.items'); // prettier-ignore
const parameter = z.string().min(1).max(100);

const wayOnSchema = z.discriminatedUnion('by', [
  /** The header `Link: <…>; rel="next"` (RFC 8288). */
  z.object({ by: z.literal('link') }).strict(),
  /** A field of the answer with the next page's address, whole or relative. */
  z.object({ by: z.literal('field'), path }).strict(),
  /** A field of the answer that goes into a parameter of the next request. */
  z.object({ by: z.literal('cursor'), path, parameter }).strict(),
  /** Pages are counted; the first empty one ends it. */
  z.object({ by: z.literal('page'), parameter, first: z.int().min(0).max(1).default(1) }).strict(),
  /** Records are counted. With `total`, where the answer says how many there are; without, the first empty page ends it. */
  z.object({ by: z.literal('offset'), parameter, total: path.optional() }).strict(),
]);
export type WayOn = z.output<typeof wayOnSchema>;

export const pagesSchema = z
  .object({
    /** Where in an answer the array of records stands: `data.items`. The answer itself unless given. */
    recordsPath: path.optional(),
    pageSize: z.object({ parameter, size: z.int().min(1).max(10_000) }).strict().optional(), // prettier-ignore
    /** How to get to the next page: the first of these that leads anywhere is taken. */
    next: z
      .array(wayOnSchema)
      .min(1)
      .max(3)
      .default([{ by: 'link' }]),
  })
  .strict();
export type PagesConfig = z.output<typeof pagesSchema>;

/** What is taken for granted of an address that nobody described: arrays of records, linked by headers. */
export const DEFAULT_PAGES: PagesConfig = pagesSchema.parse({});
