/** Takes a member out of the workspace. Their past stays. */
import { z } from 'zod';
import type { MemberState } from '../../domain/workspaces/member.decider.js';
import { WorkspaceCommand } from '../shared/command.js';

export const removeMemberInput = z.object({
  memberId: z.uuid(),
  expectedVersion: z.int().min(0).optional(),
});

export class RemoveMember extends WorkspaceCommand<z.input<typeof removeMemberInput>, MemberState> {}
