/** Nested objects without a statement each: one DataLoader per request and loader, one statement for all keys of a tick. */
import DataLoader from 'dataloader';
import { currentAsOf, within } from '../../projections/engine/as-of-reads.queries.js';
import type { ApiContext, LoaderScope } from './request-context.js';

/** A page of 100 with 50 references each still goes in one statement; beyond, DataLoader splits. */
const MAX_KEYS = 5_000;

/**
 * Base of every `<thing>.loader.ts`, an @Injectable() that takes its queries class:
 *
 *     protected async batch(workspaceId: string, ids: readonly string[]) {
 *       return byKey(await this.projects.byIds(workspaceId, ids), (project) => project.id);
 *     }
 *
 * and in the resolver `return this.projects.load(context, task.projectId)`.
 */
export abstract class BatchLoader<Value> {
  /** Set when the keys are ids of things: their streams are `<category>-<id>`. As of then, they are folded from these. */
  protected readonly category: string | undefined = undefined;
  /** Gone with the request. */
  private readonly loaders = new WeakMap<LoaderScope, DataLoader<string, Value | null>>();

  /** What each key stands for, in one statement; keys that stand for nothing are left out. */
  protected abstract batch(workspaceId: string, keys: readonly string[]): Promise<ReadonlyMap<string, Value>>;

  /** @returns null when the key stands for nothing in this workspace, as a nullable field wants it */
  load(context: ApiContext, key: string): Promise<Value | null> {
    return this.of(context).load(key);
  }

  /** Those that exist, in the order of the keys. */
  async loadMany(context: ApiContext, keys: readonly string[]): Promise<Value[]> {
    if (keys.length === 0) return [];
    const loader = this.of(context);
    const values = await Promise.all(keys.map((key) => loader.load(key)));
    return values.filter((value): value is Awaited<Value> & Value => value !== null);
  }

  private of(context: ApiContext): DataLoader<string, Value | null> {
    // One for each state that a request looks at.
    const asOf = currentAsOf();
    const scope = asOf?.builds ?? context.loaderScope;
    const existing = this.loaders.get(scope);
    if (existing) return existing;
    const loader = new DataLoader<string, Value | null>(
      async (keys) => {
        const load = async (): Promise<ReadonlyMap<string, Value>> => this.batch(context.workspaceId, keys);
        const found = await (asOf && this.category
          ? within(asOf, async () => asOf.reads.loadingThings(context.workspaceId, this.category ?? '', keys, load))
          : load());
        return keys.map((key) => found.get(key) ?? null);
      },
      { maxBatchSize: MAX_KEYS },
    );
    this.loaders.set(scope, loader);
    return loader;
  }
}

/** One row per key. */
export const byKey = <Row>(rows: readonly Row[], key: (row: Row) => string): ReadonlyMap<string, Row> =>
  new Map(rows.map((row) => [key(row), row]));

/** All rows of a key, in their order. */
export function groupByKey<Row>(rows: readonly Row[], key: (row: Row) => string): ReadonlyMap<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(key(row));
    if (group) group.push(row);
    else groups.set(key(row), [row]);
  }
  return groups;
}
