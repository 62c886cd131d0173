/** What may happen to a label: created, changed, deleted. A deleted one disappears from every task. */
import type { Decider, Decision } from '../shared/decider.js';
import { reject } from '../shared/rejection.js';
import { labelChanged, labelCreated, labelDeleted, type LabelEvent } from './label.events.js';

export interface LabelState {
  readonly lifecycle: 'none' | 'active' | 'deleted';
  readonly name: string;
  readonly color: string;
}

export type LabelCommand =
  | { readonly type: 'create'; readonly name: string; readonly color: string }
  | { readonly type: 'change'; readonly name?: string | undefined; readonly color?: string | undefined }
  | { readonly type: 'delete' };

export const labelDecider: Decider<LabelState, LabelCommand, LabelEvent> = {
  initialState: { lifecycle: 'none', name: '', color: '' },
  evolve,
  decide,
};

function decide(command: LabelCommand, state: LabelState): Decision<LabelEvent> {
  if (command.type === 'create') {
    const { name, color } = command;
    if (state.lifecycle !== 'active') return [labelCreated({ name, color })];
    const isTheSame = name === state.name && color === state.color;
    return isTheSame ? [] : reject('ALREADY_EXISTS', 'this label exists already; change it instead');
  }
  if (state.lifecycle === 'none') return reject('NOT_FOUND', 'there is no such label in this workspace', ['labelId']);
  if (command.type === 'delete') return state.lifecycle === 'deleted' ? [] : [labelDeleted({})];
  if (state.lifecycle === 'deleted') return reject('NOT_FOUND', 'this label was deleted', ['labelId']);
  return change(command, state);
}

function change(
  { name = '', color = '' }: Extract<LabelCommand, { type: 'change' }>,
  state: LabelState,
): Decision<LabelEvent> {
  const renamed = name !== '' && name !== state.name;
  const recoloured = color !== '' && color !== state.color;
  if (!renamed && !recoloured) return [];
  return [
    labelChanged({
      from: { ...(renamed && { name: state.name }), ...(recoloured && { color: state.color }) },
      to: { ...(renamed && { name }), ...(recoloured && { color }) },
    }),
  ];
}

function evolve(state: LabelState, event: LabelEvent): LabelState {
  switch (event.type) {
    case 'work.LabelCreated':
      return { lifecycle: 'active', ...event.data };
    case 'work.LabelChanged': {
      const { name, color } = event.data.to;
      return { ...state, name: name ?? state.name, color: color ?? state.color };
    }
    case 'work.LabelDeleted':
      return { ...state, lifecycle: 'deleted' };
  }
}
