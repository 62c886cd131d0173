/** Gives a member another name. */
import { z } from 'zod';
import type { MemberState } from '../../domain/workspaces/member.decider.js';
import { memberNameSchema } from './add-member.command.js';
import { WorkspaceCommand } from '../shared/command.js';

export const renameMemberInput = z.object({
  memberId: z.uuid(),
  name: memberNameSchema,
  expectedVersion: z.int().min(0).optional(),
});

export class RenameMember extends WorkspaceCommand<z.input<typeof renameMemberInput>, MemberState> {}
