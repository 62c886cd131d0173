/** A project's workflow: named steps, each standing for one of the canonical statuses. */
import type { TaskStatus, WorkflowStep } from './project.events.js';

/** What a project has that names no steps of its own. */
export const DEFAULT_WORKFLOW: readonly WorkflowStep[] = [
  { name: 'To Do', status: 'TODO' },
  { name: 'In Progress', status: 'IN_PROGRESS' },
  { name: 'In Review', status: 'IN_REVIEW' },
  { name: 'Blocked', status: 'BLOCKED' },
  { name: 'Done', status: 'DONE' },
  { name: 'Archived', status: 'ARCHIVED' },
];

/**
 * The step that a text means: a step's name (case does not matter), else a canonical status, whose first step it is.
 * @returns undefined when the workflow has no such step
 */
export function stepNamed(workflow: readonly WorkflowStep[], text: string): WorkflowStep | undefined {
  const name = text.trim().toLowerCase();
  return (
    workflow.find((step) => step.name.toLowerCase() === name) ??
    workflow.find((step) => step.status.toLowerCase() === name)
  );
}

/** Where a new task begins: the first step that is to do, or the first at all. */
export const firstStep = (workflow: readonly WorkflowStep[]): WorkflowStep =>
  stepNamed(workflow, 'TODO' satisfies TaskStatus) ?? workflow[0] ?? { name: 'To Do', status: 'TODO' };
