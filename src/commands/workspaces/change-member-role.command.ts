/** Gives a member another role. */
import { z } from 'zod';
import type { MemberState } from '../../domain/workspaces/member.decider.js';
import { roleSchema } from '../../domain/workspaces/member.events.js';
import { WorkspaceCommand } from '../shared/command.js';

export const changeMemberRoleInput = z.object({
  memberId: z.uuid(),
  role: roleSchema,
  expectedVersion: z.int().min(0).optional(),
});

export class ChangeMemberRole extends WorkspaceCommand<z.input<typeof changeMemberRoleInput>, MemberState> {}
