import { describe, it } from 'vitest';
import { deciderSpec, nothing, rejection } from '../shared/decider-spec.js';
import { integrationDecider } from './integration.decider.js';
import {
  integrationConfigured,
  integrationDisabled,
  integrationEnabled,
  integrationRegistered,
} from './integration.events.js';

const integration = deciderSpec(integrationDecider);
const registration = { kind: 'file' as const, name: 'Tills', config: { delimiter: ';', on: { days: [1, 2] } } };
const registered = integrationRegistered(registration);

describe('an integration', () => {
  it('is registered once', () => {
    integration.given([]).when({ type: 'register', registration }).then([registered]);
  });
  it('is not registered again in another way', () => {
    integration
      .given([registered])
      .when({ type: 'register', registration: { ...registration, name: 'Shop' } })
      .then(rejection('ALREADY_EXISTS'));
  });
  it('is configured anew, and not by the configuration it has, whatever the order of keys', () => {
    integration
      .given([registered])
      .when({ type: 'configure', config: { delimiter: ',' } })
      .then([integrationConfigured({ config: { delimiter: ',' } })]);
    integration
      .given([registered])
      .when({ type: 'configure', config: { on: { days: [1, 2] }, delimiter: ';' } })
      .then(nothing());
    integration
      .given([registered])
      .when({ type: 'configure', config: { delimiter: ';', on: { days: [1, 3] } } })
      .then([integrationConfigured({ config: { delimiter: ';', on: { days: [1, 3] } } })]);
  });
  it('keeps no secret, however deep', () => {
    const config = { headers: { Authorization: 'Bearer x' } };
    integration
      .given([registered])
      .when({ type: 'configure', config })
      .then(rejection('INVALID', ['config', 'headers', 'Authorization']));
    integration
      .given([])
      .when({ type: 'register', registration: { ...registration, config: { apiKey: 'x' } } })
      .then(rejection('INVALID', ['config', 'apiKey']));
  });
  it('is switched off with a reason, and on again', () => {
    const off = integrationDisabled({ reason: 'moved' });
    integration.given([registered]).when({ type: 'disable', reason: 'moved' }).then([off]);
    integration
      .given([registered, off])
      .when({ type: 'enable' })
      .then([integrationEnabled({})]);
    integration.given([registered]).when({ type: 'enable' }).then(nothing());
  });
  it('must exist to be changed', () => {
    integration.given([]).when({ type: 'enable' }).then(rejection('NOT_FOUND'));
  });
});
