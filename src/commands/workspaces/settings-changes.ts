/** Settings as a client sends them: what is absent or null stays as it is. Working days are kept in order and once each. */
import type { WorkspaceSettings } from '../../domain/workspaces/workspace.events.js';

export type SettingsInput = { readonly [Key in keyof WorkspaceSettings]?: WorkspaceSettings[Key] | null | undefined };

export function chosen(input: SettingsInput): Partial<WorkspaceSettings> {
  const { workingDays, ...others } = input;
  const entries = Object.entries(others).filter(([, value]) => value != null);
  const days = workingDays && [...new Set(workingDays)].toSorted((left, right) => left - right);
  return { ...Object.fromEntries(entries), ...(days && { workingDays: days }) };
}
