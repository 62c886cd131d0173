/**
 * Runs operations through functions compiled from them (graphql-jit), which costs a fraction of walking the document each
 * time. What can't be compiled runs through graphql-js; both give the same answers, which a test compares.
 */
import { execute, type DocumentNode, type ExecutionResult, type GraphQLSchema } from 'graphql';
import { compileQuery, isCompiledQuery, type CompiledQuery } from 'graphql-jit';
import { LRUCache } from 'lru-cache';

export interface Operation {
  /** The same object for the same text: compiled operations are kept by it. */
  readonly document: DocumentNode;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
  readonly context: unknown;
  /** What the root fields read from; a change, for subscriptions. */
  readonly root?: unknown;
}

export type Execute = (operation: Operation) => Promise<ExecutionResult>;

/** Every client has a few dozen operations; a compiled one takes some ten kilobytes. */
const MAX_COMPILED = 1_000;

type Compiled = CompiledQuery | 'seen once' | 'plain';

export class Executor {
  private readonly compiled = new LRUCache<DocumentNode, Map<string, Compiled>>({ max: MAX_COMPILED });

  constructor(private readonly schema: GraphQLSchema) {}

  readonly run: Execute = async (operation) => {
    const compiled = this.compile(operation.document, operation.operationName ?? '');
    if (compiled === undefined) return runPlain(this.schema, operation);
    const result = await compiled.query(operation.root, operation.context, operation.variables ?? {});
    // Without data nothing has run: variables are wrong, and graphql-js says more clearly in which way.
    return 'data' in result ? result : runPlain(this.schema, operation);
  };

  private compile(document: DocumentNode, name: string): CompiledQuery | undefined {
    const operations = this.compiled.get(document) ?? new Map<string, Compiled>();
    this.compiled.set(document, operations);
    const known = operations.get(name);
    if (known === undefined) {
      // Compiling costs some milliseconds: a text with its values written in comes once and would only fill the cache.
      operations.set(name, 'seen once');
      return undefined;
    }
    if (known !== 'seen once') return known === 'plain' ? undefined : known;
    const compiled = compileOperation(this.schema, document, name);
    operations.set(name, compiled ?? 'plain');
    return compiled;
  }
}

/** graphql-js itself. */
export const runPlain = async (schema: GraphQLSchema, operation: Operation): Promise<ExecutionResult> =>
  execute({
    schema,
    document: operation.document,
    operationName: operation.operationName ?? null,
    variableValues: operation.variables ?? {},
    contextValue: operation.context,
    rootValue: operation.root,
  });

/** @returns undefined when graphql-jit can't compile it */
export function compileOperation(
  schema: GraphQLSchema,
  document: DocumentNode,
  name: string,
): CompiledQuery | undefined {
  try {
    const compiled = compileQuery(schema, document, name === '' ? undefined : name);
    return isCompiledQuery(compiled) ? compiled : undefined;
  } catch {
    // It throws on what it doesn't know; graphql-js answers then, with its own errors.
    return undefined;
  }
}
