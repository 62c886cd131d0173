/** Adds a person to the workspace, whom tasks can be assigned to. */
import { z } from 'zod';
import type { MemberState } from '../../domain/workspaces/member.decider.js';
import { roleSchema } from '../../domain/workspaces/member.events.js';
import { WorkspaceCommand } from '../shared/command.js';

export type { MemberState };

export const memberNameSchema = z.string().trim().min(1, 'a name has 1 to 200 characters').max(200);

export const addMemberInput = z.object({
  /** For imported people, derived from the source's own id; otherwise from the command's id. */
  id: z.uuid().optional(),
  name: memberNameSchema,
  email: z.email('an e-mail address has the form name@example.com').nullish(),
  role: roleSchema.nullish().transform((given) => given ?? 'member'),
});

export class AddMember extends WorkspaceCommand<z.input<typeof addMemberInput>, MemberState> {}
