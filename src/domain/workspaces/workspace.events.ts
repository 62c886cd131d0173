/** What happens to a workspace, the tenant: its name, its calendar and money settings. Stream `workspace-<id>`. */
import { z } from 'zod';
import { defineEvent, type EventOf } from '../shared/event.js';
import { currencySchema } from '../shared/money.js';
import { localDateSchema, localTimeSchema, timeZoneSchema } from '../shared/time.js';

/** ISO weekday, 1 for Monday … 7 for Sunday. */
export const isoWeekdaySchema = z.int().min(1).max(7);

export const workspaceSettingsSchema = z.object({
  timeZone: timeZoneSchema.describe('Days and months of every report are those of this zone.'),
  currency: currencySchema,
  weekStart: isoWeekdaySchema,
  workingDays: z.array(isoWeekdaySchema).max(7),
  lateAfter: localTimeSchema.describe('Who checks in after this local time is late.'),
});
export type WorkspaceSettings = z.infer<typeof workspaceSettingsSchema>;

export const workspaceCreated = defineEvent(
  'workspaces.WorkspaceCreated',
  z
    .object({ name: z.string(), settings: workspaceSettingsSchema })
    .describe('A workspace: the tenant that all other things belong to.'),
);
export const workspaceRenamed = defineEvent(
  'workspaces.WorkspaceRenamed',
  z.object({ from: z.string(), to: z.string() }).describe('A workspace has another name.'),
);
export const workspaceSettingsChanged = defineEvent(
  'workspaces.WorkspaceSettingsChanged',
  z
    .object({ from: workspaceSettingsSchema.partial(), to: workspaceSettingsSchema.partial() })
    .describe('Only the settings that changed.'),
);
export const holidayAdded = defineEvent(
  'workspaces.HolidayAdded',
  z.object({ date: localDateSchema, name: z.string() }).describe('A day on which nobody is expected.'),
);
export const holidayRemoved = defineEvent(
  'workspaces.HolidayRemoved',
  z.object({ date: localDateSchema }).describe('A day is a working day after all.'),
);

export const workspaceEvents = [
  workspaceCreated,
  workspaceRenamed,
  workspaceSettingsChanged,
  holidayAdded,
  holidayRemoved,
] as const;
export type WorkspaceEvent = EventOf<(typeof workspaceEvents)[number]>;
