/** Labels that tasks of a workspace carry. Stream `label-<id>`. */
import { z } from 'zod';
import { defineEvent, type EventOf } from '../shared/event.js';

export const labelCreated = defineEvent('work.LabelCreated', z.object({ name: z.string(), color: z.string() }));
/** Only what changed. */
export const labelChanged = defineEvent(
  'work.LabelChanged',
  z.object({
    from: z.object({ name: z.string().optional(), color: z.string().optional() }),
    to: z.object({ name: z.string().optional(), color: z.string().optional() }),
  }),
);
export const labelDeleted = defineEvent('work.LabelDeleted', z.object({}));

export const labelEvents = [labelCreated, labelChanged, labelDeleted] as const;
export type LabelEvent = EventOf<(typeof labelEvents)[number]>;
