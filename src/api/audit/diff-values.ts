/** What differs between two values of JSON, field by field. Pure. */

export interface FieldChange {
  /** `status`, `lines[2].quantity`. */
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** What is not there is null. In the order of the fields, those that are new last. */
export function diffValues(before: unknown, after: unknown, path = ''): FieldChange[] {
  if (Array.isArray(before) && Array.isArray(after)) {
    const longest = Math.max(before.length, after.length);
    return Array.from({ length: longest }, (_, index) =>
      diffValues(before[index], after[index], `${path}[${index}]`),
    ).flat();
  }
  if (isObject(before) && isObject(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return names.flatMap((name) => diffValues(before[name], after[name], path === '' ? name : `${path}.${name}`));
  }
  return before === after || (before == null && after == null)
    ? []
    : [{ path, before: before ?? null, after: after ?? null }];
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
