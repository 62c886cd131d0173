import { describe, expect, it } from 'vitest';
import type { Decider } from './decider.js';
import { deciderSpec, nothing, rejection } from './decider-spec.js';
import type { DomainEvent } from './event.js';
import { reject } from './rejection.js';

type LampEvent = DomainEvent<'lamp.TurnedOn' | 'lamp.Broken', { readonly by: string }>;
const on: LampEvent = { type: 'lamp.TurnedOn', data: { by: 'ann' } };
const broken: LampEvent = { type: 'lamp.Broken', data: { by: 'ann' } };

const lamp: Decider<'off' | 'on' | 'broken', 'turn on' | 'flash' | 'turn on, then complain', LampEvent> = {
  initialState: 'off',
  evolve: (_state, event) => (event.type === 'lamp.TurnedOn' ? 'on' : 'broken'),
  decide: (command, state) => {
    if (state === 'broken') return reject('NOT_ALLOWED_NOW', 'a broken lamp gives no light', ['lamp']);
    if (command === 'flash' || state === 'off') return [on];
    return command === 'turn on' ? [] : reject('INVALID', 'it is on');
  },
};
const spec = deciderSpec(lamp);

describe('decider spec', () => {
  it('passes when the decision is the expected one, and gives the state it leads to', () => {
    expect(spec.given([]).when('turn on').then([on])).toBe('on');
    spec.given([on]).when('turn on').then(nothing());
    spec
      .given([broken])
      .when('turn on')
      .then(rejection('NOT_ALLOWED_NOW', ['lamp']));
  });

  it('fails on other events, other data, a refusal, or none', () => {
    expect(() => spec.given([]).when('turn on').then([])).toThrow('other events');
    expect(() =>
      spec
        .given([])
        .when('turn on')
        .then([{ ...on, data: { by: 'bob' } }]),
    ).toThrow('other events');
    expect(() => spec.given([broken]).when('turn on').then([on])).toThrow('refused');
    expect(() => spec.given([]).when('turn on').then(rejection('INVALID'))).toThrow('accepted');
    expect(() => spec.given([broken]).when('turn on').then(rejection('INVALID'))).toThrow('another refusal');
    expect(() =>
      spec
        .given([broken])
        .when('turn on')
        .then(rejection('NOT_ALLOWED_NOW', ['bulb'])),
    ).toThrow('another refusal');
  });

  it('asks every accepted command again and fails when that gives something new', () => {
    expect(() => spec.given([]).when('flash').then([on])).toThrow('again gave new events');
    expect(() => spec.given([]).when('turn on, then complain').then([on])).toThrow('again was refused');
    spec.given([]).whenOnce('flash', 'each flash is one more').then([on]);
  });
});
