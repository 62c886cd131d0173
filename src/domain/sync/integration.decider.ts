/** An integration: registered once, configured, switched off and on. Only an enabled one may start runs. */
import type { Decider } from '../shared/decider.js';
import type { EventOf } from '../shared/event.js';
import { reject } from '../shared/rejection.js';
import {
  integrationConfigured,
  integrationDisabled,
  integrationEnabled,
  integrationRegistered,
  type IntegrationEvent,
} from './integration.events.js';

type Registration = EventOf<typeof integrationRegistered>['data'];
export type IntegrationConfig = Registration['config'];

export type IntegrationState =
  | { readonly exists: false }
  | {
      readonly exists: true;
      readonly kind: Registration['kind'];
      readonly name: string;
      readonly config: IntegrationConfig;
      readonly enabled: boolean;
      /** Why it is switched off; null while it is on. */
      readonly disabledReason: string | null;
    };

export type IntegrationCommand =
  | { readonly type: 'register'; readonly registration: Registration }
  | { readonly type: 'configure'; readonly config: IntegrationConfig }
  | { readonly type: 'disable'; readonly reason: string }
  | { readonly type: 'enable' };

export const integrationDecider: Decider<IntegrationState, IntegrationCommand, IntegrationEvent> = {
  initialState: { exists: false },

  evolve(state, event) {
    if (event.type === integrationRegistered.type) {
      return { exists: true, ...event.data, enabled: true, disabledReason: null };
    }
    if (!state.exists) return state;
    switch (event.type) {
      case 'sync.IntegrationConfigured':
        return { ...state, config: event.data.config };
      case 'sync.IntegrationDisabled':
        return { ...state, enabled: false, disabledReason: event.data.reason };
      case 'sync.IntegrationEnabled':
        return { ...state, enabled: true, disabledReason: null };
    }
  },

  decide(command, state) {
    if (command.type === 'register') {
      const { kind, name, config } = command.registration;
      const secret = secretIn(config);
      if (secret) return refuseSecret(secret);
      if (!state.exists) return [integrationRegistered({ kind, name, config })];
      if (state.kind === kind && state.name === name && sameJson(state.config, config)) return [];
      return reject('ALREADY_EXISTS', 'this integration is registered already, in another way; configure it instead');
    }
    if (!state.exists) return reject('NOT_FOUND', 'there is no such integration');
    switch (command.type) {
      case 'configure': {
        const secret = secretIn(command.config);
        if (secret) return refuseSecret(secret);
        return sameJson(state.config, command.config) ? [] : [integrationConfigured({ config: command.config })];
      }
      case 'disable':
        return state.enabled ? [integrationDisabled({ reason: command.reason })] : [];
      case 'enable':
        return state.enabled ? [] : [integrationEnabled({})];
    }
  },
};

/** Names that secrets go by. An event is for ever and for every auditor, so a secret must not get in under any of them. */
const SECRET = /(password|passwd|secret|token|api[-_]?key|authorization|bearer|credential)/i;

/** The path of the first key that looks like a secret's, at any depth. */
function secretIn(value: unknown, path: readonly string[] = []): readonly string[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, part] of Object.entries(value)) {
    const here = [...path, key];
    if (SECRET.test(key)) return here;
    const deeper = secretIn(part, here);
    if (deeper) return deeper;
  }
  return undefined;
}

const refuseSecret = (path: readonly string[]): ReturnType<typeof reject> =>
  reject('INVALID', 'secrets do not belong in an integration; give them to the server by its environment', [
    'config',
    ...path,
  ]);

/** Configurations are JSON; the order of keys does not matter. */
function sameJson(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false;
  if (Array.isArray(left) !== Array.isArray(right)) return false;
  const others = new Map<string, unknown>(Object.entries(right));
  const entries = Object.entries(left);
  return (
    entries.length === others.size && entries.every(([key, part]) => others.has(key) && sameJson(part, others.get(key)))
  );
}
