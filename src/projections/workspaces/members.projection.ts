/** Who belongs to the workspace? */
import type { RecordedEvent } from '../../domain/shared/recorded-event.js';
import { memberEvents, type MemberEvent, type Role } from '../../domain/workspaces/member.events.js';
import { defineEntity } from '../engine/projection.js';

export type MemberRow = {
  readonly id: string;
  readonly name: string;
  readonly email: string | null;
  readonly role: Role;
  /** Those who were removed stay, because tasks of the past name them. */
  readonly removed: boolean;
  readonly added_at: string;
  readonly version: number;
};

export const membersProjection = defineEntity<MemberRow>()({
  name: 'members',
  version: 1,
  events: memberEvents,
  category: 'member',
  table: {
    name: 'members',
    columns: {
      id: 'uuid',
      name: 'text',
      email: { type: 'text', nullable: true },
      role: 'text',
      removed: 'boolean',
      added_at: 'timestamptz',
      version: 'int',
    },
    key: ['id'],
    // The list of members, by name.
    indexes: ['(workspace_id, name, id)'],
  },
  key: (event) => ({ id: memberIdOf(event) }),
  evolve: (row, event) => {
    const next = evolveMember(row, event);
    return next && { ...next, version: event.revision + 1 };
  },
});

const memberIdOf = (event: RecordedEvent): string => event.streamName.slice('member-'.length);

function evolveMember(row: MemberRow | undefined, event: RecordedEvent<MemberEvent>): MemberRow | undefined {
  if (event.type === 'workspaces.MemberAdded') {
    const added = { removed: false, added_at: event.metadata.occurredAt, version: 1 };
    return { id: memberIdOf(event), ...event.data, ...added };
  }
  if (!row) return undefined;
  switch (event.type) {
    case 'workspaces.MemberRenamed':
      return { ...row, name: event.data.to };
    case 'workspaces.MemberRoleChanged':
      return { ...row, role: event.data.to };
    case 'workspaces.MemberRemoved':
      return { ...row, removed: true };
  }
}
