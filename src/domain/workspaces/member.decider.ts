/** What may happen to a member of a workspace. One who was removed can be added again. */
import type { Decider, Decision } from '../shared/decider.js';
import { reject } from '../shared/rejection.js';
import {
  memberAdded,
  memberRemoved,
  memberRenamed,
  memberRoleChanged,
  type MemberEvent,
  type Role,
} from './member.events.js';

export interface MemberState {
  readonly lifecycle: 'none' | 'active' | 'removed';
  readonly name: string;
  readonly email: string | null;
  readonly role: Role;
  /** ISO 8601; empty before the first event. */
  readonly addedAt: string;
}

export type MemberCommand =
  | { readonly type: 'add'; readonly name: string; readonly email: string | null; readonly role: Role }
  | { readonly type: 'rename'; readonly name: string }
  | { readonly type: 'changeRole'; readonly role: Role }
  | { readonly type: 'remove' };

export const memberDecider: Decider<MemberState, MemberCommand, MemberEvent> = {
  initialState: { lifecycle: 'none', name: '', email: null, role: 'member', addedAt: '' },
  evolve,
  decide,
};

function decide(command: MemberCommand, state: MemberState): Decision<MemberEvent> {
  if (command.type === 'add') return add(command, state);
  if (state.lifecycle === 'none') return reject('NOT_FOUND', 'there is no such member in this workspace', ['memberId']);
  if (command.type === 'remove') return state.lifecycle === 'removed' ? [] : [memberRemoved({})];
  if (state.lifecycle === 'removed')
    return reject('NOT_ALLOWED_NOW', 'this member was removed; add them again first', ['memberId']);
  if (command.type === 'rename') return command.name === state.name ? [] : [memberRenamed({ to: command.name })];
  return command.role === state.role ? [] : [memberRoleChanged({ from: state.role, to: command.role })];
}

function add(command: Extract<MemberCommand, { type: 'add' }>, state: MemberState): Decision<MemberEvent> {
  const { name, email, role } = command;
  if (state.lifecycle !== 'active') return [memberAdded({ name, email, role })];
  const isTheSame = name === state.name && email === state.email && role === state.role;
  return isTheSame ? [] : reject('ALREADY_EXISTS', 'this member exists already; change it instead');
}

function evolve(state: MemberState, event: MemberEvent): MemberState {
  switch (event.type) {
    case 'workspaces.MemberAdded':
      return { lifecycle: 'active', ...event.data, addedAt: event.metadata?.occurredAt ?? '' };
    case 'workspaces.MemberRenamed':
      return { ...state, name: event.data.to };
    case 'workspaces.MemberRoleChanged':
      return { ...state, role: event.data.to };
    case 'workspaces.MemberRemoved':
      return { ...state, lifecycle: 'removed' };
  }
}
