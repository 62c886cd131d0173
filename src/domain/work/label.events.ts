/** Labels that tasks of a workspace carry. Stream `label-<id>`. */
import { z } from 'zod';
import { defineEvent, type EventOf } from '../shared/event.js';

export const labelCreated = defineEvent(
  'work.LabelCreated',
  z.object({ name: z.string(), color: z.string() }).describe('A label that tasks can carry.'),
);
export const labelChanged = defineEvent(
  'work.LabelChanged',
  z
    .object({
      from: z.object({ name: z.string().optional(), color: z.string().optional() }),
      to: z.object({ name: z.string().optional(), color: z.string().optional() }),
    })
    .describe('A label: only what changed.'),
);
export const labelDeleted = defineEvent('work.LabelDeleted', z.object({}).describe('A label is gone, from all tasks.'));

export const labelEvents = [labelCreated, labelChanged, labelDeleted] as const;
export type LabelEvent = EventOf<(typeof labelEvents)[number]>;
