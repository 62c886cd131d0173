import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Rejection } from '../../domain/shared/rejection.js';
import { checkInput } from './check-input.js';

const schema = z.object({
  title: z.string().trim().min(3, 'a title has 3 to 200 characters'),
  lines: z.array(z.object({ amount: z.int('an amount is a whole number') })).default([]),
});

describe('check input', () => {
  it('gives the input as the schema reads it', () => {
    expect(checkInput(schema, { title: '  Tea ', unknown: 1 })).toEqual({ title: 'Tea', lines: [] });
  });

  it('names every field at fault and points at the first', () => {
    const refused = checkInput(schema, { title: 'x', lines: [{ amount: 1.5 }] });
    expect(refused).toBeInstanceOf(Rejection);
    expect(refused).toMatchObject({
      code: 'INVALID',
      field: ['title'],
      message: 'title: a title has 3 to 200 characters; lines.0.amount: an amount is a whole number',
    });
  });

  it('keeps the message short', () => {
    const lines = Array.from({ length: 50 }, () => ({ amount: 0.5 }));
    const refused = checkInput(schema, { title: 'Tea', lines });
    expect(refused).toMatchObject({ message: expect.stringMatching(/and 45 more$/) });
  });
});
