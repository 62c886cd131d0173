/** A unit whose attendance is counted as a whole, such as a school or a site. Its code never changes: the id is derived from it. */
import type { Decider } from '../shared/decider.js';
import { reject } from '../shared/rejection.js';
import { changed, changesOf } from './changes.js';
import { unitAdded, unitChanged, type UnitDetails, type UnitEvent } from './unit-report.events.js';

export type UnitState = { readonly exists: false } | ({ readonly exists: true } & Readonly<UnitDetails>);

export type UnitPatch = { readonly [Key in Exclude<keyof UnitDetails, 'code'>]?: UnitDetails[Key] | undefined };

export type UnitCommand =
  { readonly type: 'add'; readonly details: UnitDetails } | { readonly type: 'change'; readonly patch: UnitPatch };

export const unitDecider: Decider<UnitState, UnitCommand, UnitEvent> = {
  initialState: { exists: false },

  evolve(state, event) {
    if (event.type === unitAdded.type) return { exists: true, ...event.data };
    return state.exists ? changed(state, event.data.to) : state;
  },

  decide(command, state) {
    if (command.type === 'add') {
      if (!state.exists) return [unitAdded(command.details)];
      return changesOf<UnitDetails>(state, command.details)
        ? reject('ALREADY_EXISTS', 'a unit with this code exists; change that one instead', ['code'])
        : [];
    }
    if (!state.exists) return reject('NOT_FOUND', 'there is no such unit');
    const changes = changesOf<UnitDetails>(state, command.patch);
    return changes ? [unitChanged(changes)] : [];
  },
};
