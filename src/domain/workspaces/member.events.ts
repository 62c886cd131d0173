/** Who belongs to a workspace: people that tasks can be assigned to. Stream `member-<id>`. */
import { z } from 'zod';
import { defineEvent, type EventOf } from '../shared/event.js';

export const roleSchema = z.enum(['owner', 'admin', 'manager', 'member', 'viewer']);
export type Role = z.infer<typeof roleSchema>;

export const memberAdded = defineEvent(
  'workspaces.MemberAdded',
  z
    .object({
      name: z.string().meta({ personal: true }),
      email: z.string().nullable().meta({ personal: true }),
      role: roleSchema,
    })
    .describe('Somebody belongs to the workspace.'),
);
export const memberRenamed = defineEvent(
  'workspaces.MemberRenamed',
  z.object({ to: z.string().meta({ personal: true }) }).describe('A member has another name.'),
);
export const memberRoleChanged = defineEvent(
  'workspaces.MemberRoleChanged',
  z.object({ from: roleSchema, to: roleSchema }).describe('A member may do more or less than before.'),
);
export const memberRemoved = defineEvent(
  'workspaces.MemberRemoved',
  z.object({}).describe('Somebody does not belong to the workspace any more.'),
);

export const memberEvents = [memberAdded, memberRenamed, memberRoleChanged, memberRemoved] as const;
export type MemberEvent = EventOf<(typeof memberEvents)[number]>;
