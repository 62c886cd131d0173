/** Every command handler of the capability `audit`. */
import type { Type } from '@nestjs/common';
import type { ICommandHandler } from '@nestjs/cqrs';
import { RecordExportHandler } from './record-export.handler.js';

export const auditHandlers: readonly Type<ICommandHandler>[] = [RecordExportHandler];
