/** Every command handler of the capability `sync`. */
import type { Type } from '@nestjs/common';
import type { ICommandHandler } from '@nestjs/cqrs';
import { CancelRunHandler } from './cancel-run.handler.js';
import { CompleteRunHandler } from './complete-run.handler.js';
import { ConfigureIntegrationHandler } from './configure-integration.handler.js';
import { DisableIntegrationHandler } from './disable-integration.handler.js';
import { EnableIntegrationHandler } from './enable-integration.handler.js';
import { FailRunHandler } from './fail-run.handler.js';
import { ProgressRunHandler } from './progress-run.handler.js';
import { RegisterIntegrationHandler } from './register-integration.handler.js';
import { RejectRecordsHandler } from './reject-records.handler.js';
import { StartRunHandler } from './start-run.handler.js';

export const syncHandlers: readonly Type<ICommandHandler>[] = [
  RegisterIntegrationHandler,
  ConfigureIntegrationHandler,
  EnableIntegrationHandler,
  DisableIntegrationHandler,
  StartRunHandler,
  ProgressRunHandler,
  RejectRecordsHandler,
  CompleteRunHandler,
  FailRunHandler,
  CancelRunHandler,
];
