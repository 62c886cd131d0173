/** The one place where a command's input is checked, whoever sends it: API, CLI or connector. */
import type { z } from 'zod';
import { reject, Rejection } from '../../domain/shared/rejection.js';

/** Problems named in one message; a longer list helps nobody. */
const MAX_PROBLEMS = 5;

/**
 * The input as its schema reads it (trimmed, with defaults), or an `INVALID` rejection that names every field at fault and
 * points at the first.
 *
 * ```ts
 * const input = checkInput(createTaskInput, command.input);
 * if (input instanceof Rejection) return input;
 * ```
 */
export function checkInput<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> | Rejection {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => ({ path: path.map(String), message }));
  const text = problems
    .slice(0, MAX_PROBLEMS)
    .map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message));
  if (problems.length > MAX_PROBLEMS) text.push(`and ${problems.length - MAX_PROBLEMS} more`);
  return reject('INVALID', text.join('; '), problems[0]?.path ?? []);
}
