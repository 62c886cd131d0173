import { describe, expect, it } from 'vitest';
import { createTaskInput, importTaskInput } from './create-task.command.js';

const projectId = '01890a5d-ac96-774b-bcce-b302099a0001';
const task = { projectId, title: 'Write it down' };
const accepts = (input: object): boolean => createTaskInput.safeParse({ ...task, ...input }).success;

describe('the input of createTask', () => {
  it('is accepted with a project and a title, trimmed', () => {
    expect(createTaskInput.parse({ ...task, title: '  Tea ' }).title).toBe('Tea');
  });

  it.each([
    ['a title of 2 characters', { title: 'ab' }],
    ['a title that is only spaces', { title: '      ' }],
    ['a title of 201 characters', { title: 'x'.repeat(201) }],
    ['a description of 50,001 characters', { description: 'x'.repeat(50_001) }],
    ['no story points at all', { storyPoints: 0 }],
    ['22 story points', { storyPoints: 22 }],
    ['half a story point', { storyPoints: 1.5 }],
    ['a due date without a zone', { dueDate: '2026-03-01T09:30:00' }],
    ['a due date that does not exist', { dueDate: '2026-02-30T09:30:00Z' }],
    ['an assignee that is no uuid', { assigneeIds: ['ann'] }],
    ['a label that is no uuid', { labelIds: ['bug'] }],
    ['a project that is no uuid', { projectId: 'WEB' }],
    ['an unknown priority', { priority: 'URGENT' }],
  ])('refuses %s', (_what, input) => {
    expect(accepts(input)).toBe(false);
  });

  it.each([
    ['a title of 3 and of 200 characters', [{ title: 'abc' }, { title: 'x'.repeat(200) }]],
    ['1 and 21 story points, and none', [{ storyPoints: 1 }, { storyPoints: 21 }, { storyPoints: null }]],
    ['a due date with an offset', [{ dueDate: '2026-03-01T09:30:00+01:00' }]],
  ])('accepts %s', (_what, inputs) => {
    expect(inputs.map(accepts)).not.toContain(false);
  });

  it('takes from other systems what they really hold', () => {
    expect(importTaskInput.safeParse({ ...task, title: 'x' }).success).toBe(true);
    expect(importTaskInput.safeParse({ ...task, title: 'x'.repeat(255), storyPoints: 40 }).success).toBe(true);
    expect(importTaskInput.safeParse({ ...task, title: '' }).success).toBe(false);
  });
});
