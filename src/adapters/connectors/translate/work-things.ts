/** Projects, members and labels that tasks refer to: made when first met, once per run. */
import { CreateLabel } from '../../../commands/work/create-label.command.js';
import { CreateProject } from '../../../commands/work/create-project.command.js';
import { AddMember } from '../../../commands/workspaces/add-member.command.js';
import { deriveId, importedId } from '../../../domain/shared/ids.js';
import { Rejection } from '../../../domain/shared/rejection.js';
import type { TaskStatus, WorkflowStep } from '../../../domain/work/project.events.js';
import { fingerprint, type ImportContext, type Send } from './translator.js';

/** Things remembered as made; beyond it they are asked for again, which is harmless. */
const MAX_KNOWN = 50_000;

export class WorkThings {
  private readonly known = new Map<string, Promise<string | Rejection>>();
  private readonly workflow: readonly WorkflowStep[];

  constructor(
    private readonly context: ImportContext,
    statuses: Readonly<Record<string, TaskStatus>>,
  ) {
    this.workflow = Object.entries(statuses).map(([name, status]) => ({ name, status }));
  }

  /** The id of the project with this key, or why it can't be made. A project that people made with this key is taken as it is. */
  project(send: Send, key: string, name: string, occurredAt: string | undefined): Promise<string | Rejection> {
    const id = deriveId('project', this.context.workspaceId, key.trim().toUpperCase());
    return this.once(id, async () => {
      const workflow = this.workflow.length > 0 ? [...this.workflow] : null;
      const made = await send(
        new CreateProject({ id, key, name: name || key, workflow }, this.context.of(occurredAt, 'project', id)),
      );
      return made instanceof Rejection && made.code !== 'ALREADY_EXISTS' ? made : id;
    });
  }

  /** @param login the source's own id of the person, which does not change with their name */
  member(send: Send, login: string, name: string, occurredAt: string | undefined): Promise<string | Rejection> {
    const id = importedId(this.context.workspaceId, this.context.source, 'member', login);
    return this.once(id, async () => {
      const made = await send(new AddMember({ id, name: name || login }, this.context.of(occurredAt, 'member', id)));
      return made instanceof Rejection && made.code !== 'ALREADY_EXISTS' ? made : id;
    });
  }

  label(send: Send, name: string, occurredAt: string | undefined): Promise<string | Rejection> {
    const id = importedId(this.context.workspaceId, this.context.source, 'label', name);
    return this.once(id, async () => {
      const made = await send(
        new CreateLabel({ id, name }, this.context.of(occurredAt, 'label', id, fingerprint(name))),
      );
      return made instanceof Rejection && made.code !== 'ALREADY_EXISTS' ? made : id;
    });
  }

  private once(id: string, make: () => Promise<string | Rejection>): Promise<string | Rejection> {
    let making = this.known.get(id);
    if (!making) {
      making = make();
      if (this.known.size >= MAX_KNOWN) this.known.clear();
      this.known.set(id, making);
    }
    return making;
  }
}

/** What an unknown status most likely stands for, by the words in it. */
export function statusByWords(name: string): TaskStatus {
  if (/done|clos|resolv|complet|finish|releas|verified|fixed/i.test(name)) return 'DONE';
  if (/review|test|qa|patch|approv/i.test(name)) return 'IN_REVIEW';
  if (/progress|doing|active|started|develop/i.test(name)) return 'IN_PROGRESS';
  if (/block|hold|wait|imped/i.test(name)) return 'BLOCKED';
  return 'TODO';
}
