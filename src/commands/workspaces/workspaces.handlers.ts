/** What carries out the commands of this capability. `StreamWorkspaceSettingsReader` is provided apart, as the port that others ask. */
import { AddHolidayHandler } from './add-holiday.handler.js';
import { AddMemberHandler } from './add-member.handler.js';
import { ChangeMemberRoleHandler } from './change-member-role.handler.js';
import { ChangeWorkspaceSettingsHandler } from './change-workspace-settings.handler.js';
import { CreateWorkspaceHandler } from './create-workspace.handler.js';
import { RemoveHolidayHandler } from './remove-holiday.handler.js';
import { RemoveMemberHandler } from './remove-member.handler.js';
import { RenameMemberHandler } from './rename-member.handler.js';
import { RenameWorkspaceHandler } from './rename-workspace.handler.js';

export const workspacesHandlers = [
  CreateWorkspaceHandler,
  RenameWorkspaceHandler,
  ChangeWorkspaceSettingsHandler,
  AddHolidayHandler,
  RemoveHolidayHandler,
  AddMemberHandler,
  RenameMemberHandler,
  ChangeMemberRoleHandler,
  RemoveMemberHandler,
];
