import { describe, expect, it } from 'vitest';
import { deciderSpec, nothing, rejection } from '../shared/decider-spec.js';
import { labelDecider } from './label.decider.js';
import { labelChanged, labelCreated, labelDeleted } from './label.events.js';
import { projectDecider } from './project.decider.js';
import {
  projectArchived,
  projectCreated,
  projectDescribed,
  projectRenamed,
  projectRestored,
  projectWorkflowChanged,
} from './project.events.js';
import { DEFAULT_WORKFLOW, firstStep, stepNamed } from './workflow.js';

const project = deciderSpec(projectDecider);
const web = { key: 'WEB', name: 'Web', description: '', workflow: [...DEFAULT_WORKFLOW] };
const created = projectCreated(web);

describe('project', () => {
  it('is created once per key', () => {
    project
      .given([])
      .when({ type: 'create', ...web })
      .then([created]);
    project
      .given([created])
      .when({ type: 'create', ...web, name: 'Other' })
      .then(rejection('ALREADY_EXISTS', ['key']));
  });

  it('has a workflow of at least one step, each name once', () => {
    const [toDo] = DEFAULT_WORKFLOW;
    project
      .given([])
      .when({ type: 'create', ...web, workflow: [] })
      .then(rejection('INVALID', ['workflow']));
    const twice = toDo ? [toDo, { ...toDo, name: 'to do' }] : [];
    project
      .given([created])
      .when({ type: 'changeWorkflow', workflow: twice })
      .then(rejection('INVALID', ['workflow']));
    const shorter = DEFAULT_WORKFLOW.slice(0, 3);
    project
      .given([created])
      .when({ type: 'changeWorkflow', workflow: shorter })
      .then([projectWorkflowChanged({ from: web.workflow, to: shorter })]);
  });

  it('is renamed and described, but not while archived', () => {
    project
      .given([created])
      .when({ type: 'rename', name: 'Site' })
      .then([projectRenamed({ from: 'Web', to: 'Site' })]);
    project
      .given([created])
      .when({ type: 'describe', description: 'Ours' })
      .then([projectDescribed({ from: '', to: 'Ours' })]);
    project
      .given([created])
      .when({ type: 'archive' })
      .then([projectArchived({})]);
    project
      .given([created, projectArchived({})])
      .when({ type: 'rename', name: 'Site' })
      .then(rejection('NOT_ALLOWED_NOW', ['projectId']));
    project
      .given([created, projectArchived({})])
      .when({ type: 'restore' })
      .then([projectRestored({})]);
    project
      .given([])
      .when({ type: 'archive' })
      .then(rejection('NOT_FOUND', ['projectId']));
  });
});

describe('workflow', () => {
  const jira = [
    { name: 'Open', status: 'TODO' },
    { name: 'Patch Available', status: 'IN_REVIEW' },
    { name: 'Resolved', status: 'DONE' },
    { name: 'Closed', status: 'DONE' },
  ] as const;

  it('knows its steps by name in any case, and by canonical status', () => {
    expect(stepNamed(jira, 'patch available')).toBe(jira[1]);
    expect(stepNamed(jira, 'DONE')).toBe(jira[2]);
    expect(stepNamed(jira, 'BLOCKED')).toBeUndefined();
  });

  it('begins with what is to do', () => {
    expect(firstStep(jira)).toBe(jira[0]);
    expect(firstStep([jira[2]])).toBe(jira[2]);
  });
});

describe('label', () => {
  const label = deciderSpec(labelDecider);
  const bug = labelCreated({ name: 'bug', color: '#ff0000' });

  it('is created, changed by field, deleted', () => {
    label.given([]).when({ type: 'create', name: 'bug', color: '#ff0000' }).then([bug]);
    label
      .given([bug])
      .when({ type: 'change', name: 'Bug', color: '#ff0000' })
      .then([labelChanged({ from: { name: 'bug' }, to: { name: 'Bug' } })]);
    label
      .given([bug])
      .when({ type: 'delete' })
      .then([labelDeleted({})]);
    label.given([bug]).when({ type: 'change' }).then(nothing());
    label
      .given([bug, labelDeleted({})])
      .when({ type: 'change', name: 'x' })
      .then(rejection('NOT_FOUND', ['labelId']));
  });
});
