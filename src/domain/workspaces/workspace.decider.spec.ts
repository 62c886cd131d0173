import { describe, expect, it } from 'vitest';
import { deciderSpec, nothing, rejection } from '../shared/decider-spec.js';
import { DEFAULT_SETTINGS, workspaceDecider } from './workspace.decider.js';
import {
  holidayAdded,
  holidayRemoved,
  workspaceCreated,
  workspaceRenamed,
  workspaceSettingsChanged,
} from './workspace.events.js';

const workspace = deciderSpec(workspaceDecider);
const created = workspaceCreated({ name: 'Acme', settings: DEFAULT_SETTINGS });
const newYear = holidayAdded({ date: '2026-01-01', name: 'New Year' });

describe('workspace', () => {
  it('is created once', () => {
    const create = { type: 'create', name: 'Acme', settings: DEFAULT_SETTINGS } as const;
    workspace.given([]).when(create).then([created]);
    workspace
      .given([created])
      .when({ ...create, name: 'Other' })
      .then(rejection('ALREADY_EXISTS'));
  });

  it('must exist to be changed', () => {
    workspace.given([]).when({ type: 'rename', name: 'New' }).then(rejection('NOT_FOUND'));
  });

  it('is renamed', () => {
    workspace
      .given([created])
      .when({ type: 'rename', name: 'New' })
      .then([workspaceRenamed({ from: 'Acme', to: 'New' })]);
    workspace.given([created]).when({ type: 'rename', name: 'Acme' }).then(nothing());
  });

  it('records only the settings that change', () => {
    const state = workspace
      .given([created])
      .when({ type: 'changeSettings', settings: { timeZone: 'Europe/London', currency: 'EUR' } })
      .then([workspaceSettingsChanged({ from: { timeZone: 'UTC' }, to: { timeZone: 'Europe/London' } })]);
    expect(state.settings).toEqual({ ...DEFAULT_SETTINGS, timeZone: 'Europe/London' });
  });

  it('has one holiday a day, in order', () => {
    workspace.given([created]).when({ type: 'addHoliday', date: '2026-01-01', name: 'New Year' }).then([newYear]);
    workspace
      .given([created, newYear])
      .when({ type: 'addHoliday', date: '2026-01-01', name: 'Other' })
      .then(rejection('ALREADY_EXISTS', ['date']));
    workspace
      .given([created, newYear])
      .when({ type: 'removeHoliday', date: '2026-01-01' })
      .then([holidayRemoved({ date: '2026-01-01' })]);
    const { state } = workspace.given([created, newYear, holidayAdded({ date: '2025-12-25', name: 'Christmas' })]);
    expect(state.holidays.map(({ date }) => date)).toEqual(['2025-12-25', '2026-01-01']);
  });
});
