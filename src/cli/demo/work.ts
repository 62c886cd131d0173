/** A year of projects: tasks that wait, move, get stuck, are reviewed, finished and sometimes opened again. */
import { ChangeTaskStatus } from '../../commands/work/change-task-status.command.js';
import { CreateLabel } from '../../commands/work/create-label.command.js';
import { CreateProject } from '../../commands/work/create-project.command.js';
import { CreateTask } from '../../commands/work/create-task.command.js';
import { UpdateTask } from '../../commands/work/update-task.command.js';
import type { TaskStatus } from '../../domain/work/project.events.js';
import { deriveId } from '../../domain/shared/ids.js';
import { addDays, fromLocal } from '../../domain/shared/time.js';
import { actorOf, DAYS, isWorkingDay, LAST_DAY, MEMBERS, OWNER, TIME_ZONE } from './company.js';
import { randomOf } from './random.js';
import { createdId, DEMO_WORKSPACE, type Step, type Story } from './story.js';

const COUNT = 600;
const HOUR_MS = 3_600_000;

const PROJECTS = [
  ['BIKE', 'New e-bike', 'The Lek, second generation: frame, motor, tests.', ['Frame', 'Motor mount', 'Battery case', 'Wiring loom', 'Paint', 'Fork', 'Test ride']],
  ['WEB', 'Online shop', 'Shop, checkout and customer account.', ['Checkout', 'Product page', 'Search', 'Customer account', 'Newsletter', 'Payment', 'Delivery dates']],
  ['SHOP', 'Shop in Delfshaven', 'A second shop: building, people, opening.', ['Lighting', 'Counter', 'Shop window', 'Permit', 'Test track', 'Opening event', 'Till']],
  ['OPS', 'Workshop and warehouse', 'Tools, stock and how work flows.', ['Stock count', 'Tool cabinet', 'Wheel stand', 'Parts shelf', 'Delivery slot', 'Recycling', 'Service plan']],
] as const; // prettier-ignore
const VERBS = [
  'Draw',
  'Order',
  'Test',
  'Repair',
  'Replace',
  'Plan',
  'Measure',
  'Clean up',
  'Document',
  'Improve',
] as const;
const REASONS = ['for the spring season', 'after the complaints', 'with the supplier', 'for the audit', 'once more', 'as agreed'] as const; // prettier-ignore
const LABELS = [
  ['bug', '#dc2626'],
  ['customer', '#2563eb'],
  ['safety', '#f59e0b'],
  ['supplier', '#7c3aed'],
  ['idea', '#16a34a'],
] as const;

const START = fromLocal('2024-12-20', '10:00', TIME_ZONE);
const END_OF_YEAR = Date.parse(fromLocal(LAST_DAY, '23:00', TIME_ZONE));

export const projectStories: readonly Story[] = [
  ...PROJECTS.map(([key, name, description]): Story => ({
    key: `project/${key}`,
    steps: [{ at: START, by: OWNER, make: (context) => new CreateProject({ key, name, description }, context) }],
  })),
  ...LABELS.map(([name, color]): Story => ({
    key: `label/${name}`,
    steps: [{ at: START, by: OWNER, make: (context) => new CreateLabel({ name, color }, context) }],
  })),
];

const random = randomOf('work');
const workingDays = DAYS.filter(isWorkingDay);
const [firstMember, ...otherMembers] = MEMBERS.map((member) => ({ id: member.memberId, actor: actorOf(member) }));

export const taskStories: readonly Story[] = Array.from({ length: COUNT }, (_, index) =>
  taskStory(`task/${index + 1}`),
);

function taskStory(key: string): Story {
  const [projectKey, , , topics] = random.pick(PROJECTS);
  const assignee = firstMember ? random.pick([firstMember, ...otherMembers]) : { id: '', actor: OWNER };
  const day = workingDays[random.int(0, workingDays.length - 1)] ?? LAST_DAY;
  const createdAt = fromLocal(day, `${random.int(10, 16)}:${random.int(10, 59)}`, TIME_ZONE);
  const priority = random.weighted([
    ['LOW', 20],
    ['MEDIUM', 50],
    ['HIGH', 24],
    ['CRITICAL', 6],
  ] as const);
  const [label] = random.pick(LABELS);
  const create: Step = {
    at: createdAt,
    by: OWNER,
    make: (context) =>
      new CreateTask(
        {
          projectId: deriveId('project', DEMO_WORKSPACE, projectKey),
          title,
          type: label === 'bug' ? 'Bug' : 'Task',
          priority,
          storyPoints,
          dueDate,
          assigneeIds: [assignee.id],
          labelIds: labelled ? [createdId('label', `label/${label}`)] : [],
        },
        context,
      ),
  };
  const title = `${random.pick(VERBS)} ${random.pick(topics).toLowerCase()} ${random.pick(REASONS)}`;
  const storyPoints = random.chance(0.8) ? random.pick([1, 2, 3, 5, 8, 13]) : null;
  const dueDate = random.chance(0.4) ? fromLocal(addDays(day, random.int(7, 40)), '17:00', TIME_ZONE) : null;
  const labelled = random.chance(0.6);
  const taskId = createdId('task', key);
  const moves = plannedMoves(priority, storyPoints ?? 3);
  let at = Date.parse(createdAt);
  const steps: Step[] = [create];
  for (const { status, afterHours } of moves) {
    at += Math.round(afterHours * HOUR_MS);
    if (at > END_OF_YEAR) break;
    steps.push({
      at: new Date(at).toISOString(),
      by: assignee.actor,
      make: (context) => new ChangeTaskStatus({ taskId, status }, context),
    });
  }
  if (random.chance(0.15) && at + HOUR_MS < END_OF_YEAR) {
    const description = 'See the notes of the last meeting.';
    steps.push({
      at: new Date(at + HOUR_MS).toISOString(),
      by: assignee.actor,
      make: (context) => new UpdateTask({ taskId, description }, context),
    });
  }
  return { key, steps };
}

/** Urgent things start sooner, big ones take longer; some get stuck, some come back. */
function plannedMoves(priority: string, points: number): { status: TaskStatus; afterHours: number }[] {
  const wait = { CRITICAL: 6, HIGH: 40, MEDIUM: 110, LOW: 260 }[priority] ?? 110;
  const moves: { status: TaskStatus; afterHours: number }[] = [
    { status: 'IN_PROGRESS', afterHours: wait * random.skewed(0.8) },
  ];
  const work = 8 + 9 * points * random.skewed(0.6);
  if (random.chance(0.12)) {
    moves.push(
      { status: 'BLOCKED', afterHours: work / 2 },
      { status: 'IN_PROGRESS', afterHours: 60 * random.skewed(0.7) },
    );
  }
  moves.push({ status: 'IN_REVIEW', afterHours: work });
  if (random.chance(0.1)) {
    moves.push({ status: 'IN_PROGRESS', afterHours: 5 }, { status: 'IN_REVIEW', afterHours: work / 3 });
  }
  moves.push({ status: 'DONE', afterHours: 14 * random.skewed(0.9) });
  if (random.chance(0.05)) {
    moves.push({ status: 'IN_PROGRESS', afterHours: 90 * random.skewed(0.5) }, { status: 'DONE', afterHours: 24 });
  }
  return moves;
}
