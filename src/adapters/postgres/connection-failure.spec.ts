import { DatabaseError } from 'pg';
import { describe, expect, it } from 'vitest';
import { isTransient } from './connection-failure.js';

function refused(code: string): DatabaseError {
  const error = new DatabaseError('refused', 0, 'error');
  error.code = code;
  return error;
}

describe('a failed statement', () => {
  it.each([
    ['08006', 'the connection broke'],
    ['53100', 'the disk is full'],
    ['53200', 'there is no memory'],
    ['53300', 'there are too many connections'],
    ['57P01', 'the server shuts down'],
    ['57P03', 'the server starts'],
    ['40P01', 'it was in a deadlock'],
  ])('may be tried again after %s: %s', (code) => expect(isTransient(refused(code))).toBe(true));

  it.each([
    ['23505', 'the key is there already'],
    ['42P01', 'there is no such table'],
    ['22P02', 'a value is none of its type'],
    ['57014', 'it took too long'],
  ])('stays wrong after %s: %s', (code) => expect(isTransient(refused(code))).toBe(false));

  it('may be tried again when it never got there', () => {
    expect(isTransient(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }))).toBe(true);
    expect(isTransient(new Error('Connection terminated unexpectedly'))).toBe(true);
    expect(isTransient(new Error('something else'))).toBe(false);
  });
});
