/**
 * Who is to apply what: divides the shares of all builds among the workers that are alive. Pure, and the same for all who see
 * the same, so that workers need not talk to each other: each takes what is free and its own by this, and gives up what is not.
 */

export interface LiveWorker {
  readonly id: string;
  /** What its code can run: `name@version`. */
  readonly runs: ReadonlySet<string>;
}

export interface OwnedShare {
  /** `<build>/<shard>`. */
  readonly key: string;
  /** `name@version`. */
  readonly runs: string;
  /** Undefined when nobody has it; one that is not among the workers is dead. */
  readonly owner: string | undefined;
}

/**
 * Shares stay where they are, as far as that is fair: nobody has two more than another who could run one of them. Where all
 * can run everything, each has at most shares / workers, rounded up.
 * @returns the owner each share should have; none for those that no worker can run
 */
export function divide(shares: readonly OwnedShare[], workers: readonly LiveWorker[]): ReadonlyMap<string, string> {
  const loads = new Map(workers.map(({ id }) => [id, 0]));
  const owners = new Map<string, string>();
  const give = (key: string, to: string): void => {
    const from = owners.get(key);
    if (from !== undefined) loads.set(from, (loads.get(from) ?? 0) - 1);
    loads.set(to, (loads.get(to) ?? 0) + 1);
    owners.set(key, to);
  };
  const sorted = shares.toSorted((a, b) => compare(a.key, b.key));
  const able = new Map<string, readonly string[]>();
  for (const { runs } of sorted) {
    if (!able.has(runs)) able.set(runs, workers.filter((worker) => worker.runs.has(runs)).map(({ id }) => id).toSorted(compare)); // prettier-ignore
  }
  const lightest = (runs: string): string | undefined =>
    able.get(runs)?.reduce<string | undefined>((best, id) => (best === undefined || (loads.get(id) ?? 0) < (loads.get(best) ?? 0) ? id : best), undefined); // prettier-ignore

  for (const { key, runs, owner } of sorted) if (owner !== undefined && able.get(runs)?.includes(owner)) give(key, owner); // prettier-ignore
  for (const { key, runs } of sorted) {
    const to = owners.has(key) ? undefined : lightest(runs);
    if (to !== undefined) give(key, to);
  }
  // Each move makes the loads more alike, so this ends.
  for (let moved = true; moved;) {
    moved = false;
    for (const { key, runs } of sorted) {
      const [from, to] = [owners.get(key), lightest(runs)];
      if (from === undefined || to === undefined || (loads.get(from) ?? 0) < (loads.get(to) ?? 0) + 2) continue;
      give(key, to);
      moved = true;
    }
  }
  return owners;
}

/** By code units, whatever the process' locale. */
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
