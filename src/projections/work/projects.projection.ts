/** Which projects does the workspace have, and through which steps do their tasks go? */
import type { RecordedEvent } from '../../domain/shared/recorded-event.js';
import { projectEvents, type ProjectEvent } from '../../domain/work/project.events.js';
import { defineEntity } from '../engine/projection.js';

export type ProjectRow = {
  readonly id: string;
  readonly key: string;
  readonly name: string;
  readonly description: string;
  /** `[{ name, status }]`, in order. */
  readonly workflow: object;
  readonly archived: boolean;
  readonly created_at: string;
  readonly version: number;
};

export const projectsProjection = defineEntity<ProjectRow>()({
  name: 'projects',
  version: 2,
  events: projectEvents,
  category: 'project',
  table: {
    name: 'projects',
    columns: {
      id: 'uuid',
      key: 'text',
      name: 'text',
      description: 'text',
      workflow: 'json',
      archived: 'boolean',
      created_at: 'timestamptz',
      version: 'int',
    },
    key: ['id'],
    // The list of projects, and one by its key.
    indexes: ['(workspace_id, key, id)'],
  },
  key: (event) => ({ id: projectIdOf(event) }),
  evolve: (row, event) => {
    const next = evolveProject(row, event);
    return next && { ...next, version: event.revision + 1 };
  },
});

const projectIdOf = (event: RecordedEvent): string => event.streamName.slice('project-'.length);

function evolveProject(row: ProjectRow | undefined, event: RecordedEvent<ProjectEvent>): ProjectRow | undefined {
  if (event.type === 'work.ProjectCreated') {
    const created = { archived: false, created_at: event.metadata.occurredAt, version: 1 };
    return { id: projectIdOf(event), ...event.data, ...created };
  }
  if (!row) return undefined;
  switch (event.type) {
    case 'work.ProjectRenamed':
      return { ...row, name: event.data.to };
    case 'work.ProjectDescribed':
      return { ...row, description: event.data.to };
    case 'work.ProjectWorkflowChanged':
      return { ...row, workflow: event.data.to };
    case 'work.ProjectArchived':
      return { ...row, archived: true };
    case 'work.ProjectRestored':
      return { ...row, archived: false };
  }
}
