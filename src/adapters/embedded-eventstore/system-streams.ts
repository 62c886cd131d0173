/** What a fresh node writes before anybody else: its two users, so that `$all` is never empty and position 0 never used. */
import { EXPECT, type ProposedEvent } from './stored-event.js';
import type { WriteRequest } from './append-group.js';

export const INITIAL_USERS = [
  { loginName: 'admin', fullName: 'Event Store Administrator', groups: ['$admins'] },
  { loginName: 'ops', fullName: 'Event Store Operations', groups: ['$ops'] },
] as const;

/** No passwords: while the store runs open there is nothing to check one against. */
export const freshStoreEvents = (newId: () => string): WriteRequest[] =>
  INITIAL_USERS.flatMap((user) => freshUser(user, newId));

/** What makes a user known. */
export function freshUser(
  user: (typeof INITIAL_USERS)[number],
  newId: () => string,
  password = { salt: '', hash: '' },
): WriteRequest[] {
  const event = (type: string, data: unknown): ProposedEvent => ({
    id: newId(),
    type,
    isJson: true,
    data: Buffer.from(JSON.stringify(data)),
    metadata: Buffer.alloc(0),
  });
  const stream = `$user-${user.loginName}`;
  const acl = { $r: user.loginName, $w: '$admins', $d: '$admins', $mr: '$admins', $mw: '$admins' };
  return [
    append(`$$${stream}`, event('$metadata', { $acl: acl })),
    append(stream, event('$UserCreated', { ...user, disabled: false, ...password })),
    append('$users', event('$User', user.loginName)),
  ];
}

const append = (stream: string, proposed: ProposedEvent): WriteRequest => ({
  kind: 'append',
  stream,
  expected: EXPECT.any,
  events: [proposed],
});
