/** A workspace's calendar and money settings, as every capability's commands need them. */
import type { WorkspaceSettings } from '../../domain/workspaces/workspace.events.js';
import type { CommandContext } from '../shared/command.js';

export abstract class WorkspaceSettingsReader {
  /** The settings of the command's workspace, at most a second old; undefined when the workspace does not exist. */
  abstract read(context: CommandContext): Promise<WorkspaceSettings | undefined>;
}
