/** What may happen to a workspace: it is created once, renamed, its calendar and money settings changed. */
import type { Decider, Decision } from '../shared/decider.js';
import { reject } from '../shared/rejection.js';
import {
  holidayAdded,
  holidayRemoved,
  workspaceCreated,
  workspaceRenamed,
  workspaceSettingsChanged,
  type WorkspaceEvent,
  type WorkspaceSettings,
} from './workspace.events.js';

export interface Holiday {
  readonly date: string;
  readonly name: string;
}

export interface WorkspaceState {
  readonly exists: boolean;
  readonly name: string;
  readonly settings: WorkspaceSettings;
  /** By date. */
  readonly holidays: readonly Holiday[];
}

export type WorkspaceCommand =
  | { readonly type: 'create'; readonly name: string; readonly settings: WorkspaceSettings }
  | { readonly type: 'rename'; readonly name: string }
  | { readonly type: 'changeSettings'; readonly settings: Partial<WorkspaceSettings> }
  | { readonly type: 'addHoliday'; readonly date: string; readonly name: string }
  | { readonly type: 'removeHoliday'; readonly date: string };

/** What a workspace has that says nothing else. */
export const DEFAULT_SETTINGS: WorkspaceSettings = {
  timeZone: 'UTC',
  currency: 'EUR',
  weekStart: 1,
  workingDays: [1, 2, 3, 4, 5],
  lateAfter: '09:30',
};

/** Fifty years of a country with twenty holidays: streams are short by design. */
const MAX_HOLIDAYS = 1_000;

export const workspaceDecider: Decider<WorkspaceState, WorkspaceCommand, WorkspaceEvent> = {
  initialState: { exists: false, name: '', settings: DEFAULT_SETTINGS, holidays: [] },
  evolve,
  decide,
};

function decide(command: WorkspaceCommand, state: WorkspaceState): Decision<WorkspaceEvent> {
  if (command.type === 'create') return create(command, state);
  if (!state.exists) return reject('NOT_FOUND', 'this workspace does not exist');
  switch (command.type) {
    case 'rename':
      return command.name === state.name ? [] : [workspaceRenamed({ from: state.name, to: command.name })];
    case 'changeSettings':
      return changeSettings(command.settings, state.settings);
    case 'addHoliday':
      return addHoliday(command, state);
    case 'removeHoliday':
      return state.holidays.some(({ date }) => date === command.date) ? [holidayRemoved({ date: command.date })] : [];
  }
}

function create(
  { name, settings }: Extract<WorkspaceCommand, { type: 'create' }>,
  state: WorkspaceState,
): Decision<WorkspaceEvent> {
  if (!state.exists) return [workspaceCreated({ name, settings })];
  const isTheSame = name === state.name && JSON.stringify(settings) === JSON.stringify(state.settings);
  return isTheSame ? [] : reject('ALREADY_EXISTS', 'this workspace exists already; change it instead');
}

const SETTINGS = [
  'timeZone',
  'currency',
  'weekStart',
  'workingDays',
  'lateAfter',
] as const satisfies readonly (keyof WorkspaceSettings)[];

function changeSettings(asked: Partial<WorkspaceSettings>, present: WorkspaceSettings): Decision<WorkspaceEvent> {
  const keys = SETTINGS.filter(
    (key) => asked[key] !== undefined && JSON.stringify(asked[key]) !== JSON.stringify(present[key]),
  );
  if (keys.length === 0) return [];
  const pick = (from: Partial<WorkspaceSettings>): Partial<WorkspaceSettings> =>
    Object.fromEntries(keys.map((key) => [key, from[key]]));
  return [workspaceSettingsChanged({ from: pick(present), to: pick(asked) })];
}

function addHoliday({ date, name }: Holiday, { holidays }: WorkspaceState): Decision<WorkspaceEvent> {
  const present = holidays.find((holiday) => holiday.date === date);
  if (present?.name === name) return [];
  if (present)
    return reject('ALREADY_EXISTS', `${date} is a holiday already; remove it first to name it anew`, ['date']);
  if (holidays.length >= MAX_HOLIDAYS) return reject('INVALID', `a workspace has at most ${MAX_HOLIDAYS} holidays`);
  return [holidayAdded({ date, name })];
}

function evolve(state: WorkspaceState, event: WorkspaceEvent): WorkspaceState {
  switch (event.type) {
    case 'workspaces.WorkspaceCreated':
      return { ...state, exists: true, ...event.data };
    case 'workspaces.WorkspaceRenamed':
      return { ...state, name: event.data.to };
    case 'workspaces.WorkspaceSettingsChanged':
      return { ...state, settings: { ...state.settings, ...withoutUndefined(event.data.to) } };
    case 'workspaces.HolidayAdded':
      return {
        ...state,
        holidays: [...state.holidays, event.data].toSorted((left, right) => (left.date < right.date ? -1 : 1)),
      };
    case 'workspaces.HolidayRemoved':
      return { ...state, holidays: state.holidays.filter(({ date }) => date !== event.data.date) };
  }
}

/** zod's partial allows an explicit undefined, which must not erase a setting. */
const withoutUndefined = (changes: object): Partial<WorkspaceSettings> =>
  Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
