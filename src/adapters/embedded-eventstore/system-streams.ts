/** What a fresh node writes before anybody else: its two users, so that `$all` is never empty and position 0 never used. */
import { EXPECT, type ProposedEvent } from './stored-event.js';
import type { WriteRequest } from './append-group.js';

const USERS = [
  { loginName: 'admin', fullName: 'Event Store Administrator', groups: ['$admins'] },
  { loginName: 'ops', fullName: 'Event Store Operations', groups: ['$ops'] },
] as const;

export function freshStoreEvents(newId: () => string): WriteRequest[] {
  const event = (type: string, data: unknown): ProposedEvent => ({
    id: newId(),
    type,
    isJson: true,
    data: Buffer.from(JSON.stringify(data)),
    metadata: Buffer.alloc(0),
  });
  return USERS.flatMap((user) => {
    const stream = `$user-${user.loginName}`;
    const acl = { $r: user.loginName, $w: '$admins', $d: '$admins', $mr: '$admins', $mw: '$admins' };
    return [
      append(`$$${stream}`, event('$metadata', { $acl: acl })),
      // No password: while the store runs open there is nothing to check one against.
      append(stream, event('$UserCreated', { ...user, disabled: false, salt: '', hash: '' })),
      append('$users', event('$User', user.loginName)),
    ];
  });
}

const append = (stream: string, proposed: ProposedEvent): WriteRequest => ({
  kind: 'append',
  stream,
  expected: EXPECT.any,
  events: [proposed],
});
