import { describe, expect, it } from 'vitest';
import { ANONYMOUS, mayAccess, parseAcl, parseDefaultAcls, type Caller } from './stream-acl.js';

const admin: Caller = { name: 'admin', roles: ['$admins'] };
const ops: Caller = { name: 'ops', roles: ['$ops'] };
const ann: Caller = { name: 'ann', roles: ['accounting'] };
const none = {};

describe('access to a stream', () => {
  it('is everybody’s on a store that runs open', () => {
    expect(mayAccess(undefined, 'read', '$all', undefined, none)).toBe(true);
    expect(mayAccess(undefined, 'write', '$settings', parseAcl({ $w: [] }), none)).toBe(true);
  });

  it('is nobody’s without credentials, whatever the stream says', () => {
    expect(mayAccess(ANONYMOUS, 'read', 'task-1', parseAcl({ $r: '$all' }), none)).toBe(false);
  });

  it('is by default every user’s for streams, and the administrators’ for system streams and $all', () => {
    for (const action of ['read', 'write', 'delete'] as const) {
      expect(mayAccess(ann, action, 'task-1', undefined, none)).toBe(true);
      expect(mayAccess(ann, action, '$settings', undefined, none)).toBe(false);
    }
    expect(mayAccess(ops, 'read', '$all', undefined, none)).toBe(false);
    expect(mayAccess(admin, 'read', '$all', undefined, none)).toBe(true);
  });

  it('is given by name, by role, and to all, right by right', () => {
    const acl = parseAcl({ $r: ['accounting', 'bob'], $w: 'ann', $mr: '$all', $mw: [] });
    expect(mayAccess(ann, 'read', 'x', acl, none)).toBe(true);
    expect(mayAccess(ops, 'read', 'x', acl, none)).toBe(false);
    expect(mayAccess(ann, 'write', 'x', acl, none)).toBe(true);
    expect(mayAccess(ops, 'read', '$$x', acl, none)).toBe(true);
    expect(mayAccess(ann, 'write', '$$x', acl, none)).toBe(false);
    // Not named: the default.
    expect(mayAccess(ops, 'delete', 'x', acl, none)).toBe(true);
  });

  it('never lets anybody delete a metastream', () => {
    expect(mayAccess(admin, 'delete', '$$x', undefined, none)).toBe(false);
  });

  it('follows the defaults of $settings where the stream says nothing', () => {
    const defaults = parseDefaultAcls(
      Buffer.from('{"$userStreamAcl":{"$w":"$ops"},"$systemStreamAcl":{"$r":["ann","$admins"]}}'),
    );
    expect(mayAccess(ann, 'write', 'x', undefined, defaults)).toBe(false);
    expect(mayAccess(ann, 'read', 'x', undefined, defaults)).toBe(true);
    expect(mayAccess(ann, 'write', 'x', parseAcl({ $w: 'ann' }), defaults)).toBe(true);
    expect(mayAccess(ann, 'read', '$all', undefined, defaults)).toBe(true);
    expect(mayAccess(ops, 'read', '$all', undefined, defaults)).toBe(false);
  });

  it('takes what is no access list for none', () => {
    for (const wrong of [undefined, null, 'x', 7]) expect(parseAcl(wrong)).toBeUndefined();
    expect(parseAcl({ $r: 7, $w: ['a', 1] })).toEqual({ $w: ['a'] });
    expect(parseDefaultAcls(Buffer.from('no json'))).toEqual({});
  });
});
