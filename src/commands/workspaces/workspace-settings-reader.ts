/** The workspace's settings out of its own stream, through the runner's cache. */
import { Injectable } from '@nestjs/common';
import { workspaceDecider } from '../../domain/workspaces/workspace.decider.js';
import type { WorkspaceSettings } from '../../domain/workspaces/workspace.events.js';
import { WorkspaceSettingsReader } from '../ports/workspace-settings.port.js';
import type { CommandContext } from '../shared/command.js';
import { DecisionRunner } from '../shared/decision-runner.js';

@Injectable()
export class StreamWorkspaceSettingsReader extends WorkspaceSettingsReader {
  constructor(private readonly runner: DecisionRunner) {
    super();
  }

  override async read(context: CommandContext): Promise<WorkspaceSettings | undefined> {
    const found = await this.runner.peek('workspace', context.workspaceId, workspaceDecider, context);
    return found?.state.settings;
  }
}
