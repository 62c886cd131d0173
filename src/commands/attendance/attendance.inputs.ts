/** Input fields that several commands of attendance share. */
import { z } from 'zod';

/** A natural key that an id is derived from: an employee's number, a unit's code. Blanks around it don't make it another. */
export const naturalKeySchema = z
  .string()
  .normalize()
  .trim()
  .min(1, 'must not be empty')
  .max(60, 'has at most 60 characters');
export const shortTextSchema = z.string().trim().min(1, 'must not be empty').max(200, 'has at most 200 characters');
/** Reasons and notes. */
export const noteSchema = z.string().trim().min(1, 'must not be empty').max(1_000, 'has at most 1,000 characters');
export const expectedVersionSchema = z.int().min(0).optional();
