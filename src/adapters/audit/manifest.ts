/** What an export says about itself: signed, so that nothing in it can be changed. */
import { z } from 'zod';
import { chainLinkSchema, type ChainLink } from './checkpoint.js';
import { FORMAT_NAMES } from './formats.js';

export const MANIFEST = 'manifest.json';
/** The signature over the manifest's bytes: a JSON Web Signature whose payload is that file. */
export const SIGNATURE = 'manifest.jws';
/** The checkpoints of the workspace, one a line, up to the one that this export reaches to. */
export const CHECKPOINTS = 'checkpoints.jsonl';
export const OMITTED = 'omitted.jsonl';

/** Which events. All that is given must hold. */
export const exportFilterSchema = z.strictObject({
  types: z.array(z.string()).optional(),
  /** A task, a sale, an employee … */
  thingId: z.string().optional(),
  actorId: z.string().optional(),
  /** Recorded from this instant. */
  from: z.iso.datetime().optional(),
  /** Recorded before this instant. */
  until: z.iso.datetime().optional(),
});
export type ExportFilter = z.infer<typeof exportFilterSchema>;

const fileSchema = z.object({ name: z.string().regex(/^[\w-]+(\.[\w-]+)*$/), bytes: z.int(), sha256: z.string() });

export const manifestSchema = z.object({
  format: z.literal('teampulse-audit-export'),
  version: z.literal(1),
  workspaceId: z.string(),
  filter: exportFilterSchema,
  /** In the events' file. */
  events: z.int(),
  /** Places in the log, `commit/prepare`; null when there is no event. */
  firstPosition: z.string().nullable(),
  lastPosition: z.string().nullable(),
  lines: z.object({ format: z.enum(FORMAT_NAMES), schemaVersion: z.int(), columns: z.array(z.string()) }),
  /** All events of the workspace, those that the filter left out included. */
  tree: z.object({ size: z.int(), root: z.string() }),
  /** The checkpoint that signs this tree. */
  checkpoint: z.object({ number: z.int(), sha256: z.string() }),
  files: z.object({ events: fileSchema, omitted: fileSchema.optional(), checkpoints: fileSchema }),
  groups: z.object({ lines: z.int(), sha256: z.array(z.string()) }),
});
export type Manifest = z.infer<typeof manifestSchema>;

export const chainText = (links: readonly ChainLink[]): string =>
  links.map((link) => `${JSON.stringify(link)}\n`).join('');

/** @returns undefined when a line is no link */
export function parseChain(text: string): ChainLink[] | undefined {
  try {
    return text.trimEnd().split('\n').map((line) => chainLinkSchema.parse(JSON.parse(line))); // prettier-ignore
  } catch {
    return undefined;
  }
}
