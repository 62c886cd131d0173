/** A workspace straight in the log, for tests that need one before there is anything else. */
import { NestFactory } from '@nestjs/core';
import { CommandBus } from '@nestjs/cqrs';
import { EventStoreDbAdapter } from '../../src/adapters/eventstore/eventstore-db.adapter.js';
import { allEvents } from '../../src/capabilities.js';
import { CreateWorkspace } from '../../src/commands/workspaces/create-workspace.command.js';
import { deriveId } from '../../src/domain/shared/ids.js';
import { Rejection } from '../../src/domain/shared/rejection.js';
import { WriteSideModule } from '../../src/write-side.module.js';

export async function createTestWorkspace(
  eventstoreUrl: string,
  workspaceId: string,
  settings: CreateWorkspace['input']['settings'] = {},
): Promise<void> {
  const store = new EventStoreDbAdapter(eventstoreUrl, allEvents);
  const app = await NestFactory.createApplicationContext(WriteSideModule.over(store), { logger: false });
  try {
    const commandId = deriveId('test-workspace', workspaceId);
    const actor = { kind: 'system' as const, id: 'test' };
    const context = { workspaceId, actor, commandId, correlationId: commandId };
    const made = await app.get(CommandBus).execute(new CreateWorkspace({ name: 'Test', settings }, context));
    if (made instanceof Rejection) throw new Error(made.message);
  } finally {
    await app.close();
    await store.dispose();
  }
}
