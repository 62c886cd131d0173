/** What of a thing's details a command really changes. */

export interface Changes<Details extends object> {
  readonly from: Partial<Details>;
  readonly to: Partial<Details>;
}

/** The fields of `wanted` that differ from `current`, with the values before; undefined when none does. Values are compared with `===`. */
export function changesOf<Details extends object>(
  current: Details,
  wanted: { readonly [Key in keyof Details]?: Details[Key] | undefined },
): Changes<Details> | undefined {
  const from: Partial<Details> = {};
  const to: Partial<Details> = {};
  let any = false;
  for (const key in wanted) {
    const value = wanted[key];
    if (value === undefined || value === current[key]) continue;
    from[key] = current[key];
    to[key] = value;
    any = true;
  }
  return any ? { from, to } : undefined;
}

/** The details after a change. zod's partial allows an explicit undefined, which must not erase a field. */
export function changed<Details extends object>(
  current: Details,
  to: { readonly [Key in keyof Details]?: Details[Key] | undefined },
): Details {
  const defined = Object.fromEntries(Object.entries(to).filter(([, value]) => value !== undefined));
  return { ...current, ...defined };
}
