/** JSON Schema as plain data, and its parts. */

/** A schema, or a part of one. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
}

export const isSchema = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The named schemas of a keyword such as `properties`. */
export function partsOf(value: unknown): Readonly<Record<string, JsonSchema>> {
  if (!isSchema(value)) return {};
  return Object.fromEntries(Object.entries(value).flatMap(([name, part]) => (isSchema(part) ? [[name, part]] : [])));
}

/** The alternatives of `anyOf` and `oneOf`. */
export const branchesOf = (schema: JsonSchema): readonly JsonSchema[] =>
  [schema['anyOf'], schema['oneOf']].flatMap((branches) => (Array.isArray(branches) ? branches.filter(isSchema) : []));
