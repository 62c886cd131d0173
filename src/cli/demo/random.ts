/** Chance that comes out the same every time: mulberry32 (T. Ettinger, 2017) from a seed. Not for secrets. */

export interface Random {
  /** At least 0, below 1. */
  next(): number;
  /** A whole number from `from` to `to`, both included. */
  int(from: number, to: number): number;
  chance(probability: number): boolean;
  pick<const List extends readonly [unknown, ...unknown[]]>(from: List): List[number];
  /** One of them, each as often as its weight says. */
  weighted<T>(from: readonly (readonly [T, number])[]): T;
  /** Around 1, skewed to the right as durations are: e to the power of a normal number with this spread. */
  skewed(spread: number): number;
}

/** A stream of its own per topic: more sales do not change anybody's holidays. */
export function randomOf(topic: string): Random {
  let state = Array.from(topic).reduce(
    (hash, letter) => Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 16_777_619),
    2_166_136_261,
  );
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const int = (from: number, to: number): number => from + Math.floor(next() * (to - from + 1));
  return {
    next,
    int,
    chance: (probability) => next() < probability,
    pick: (from) => from[int(0, from.length - 1)] ?? from[0],
    weighted: (from) => {
      let left = next() * from.reduce((sum, [, weight]) => sum + weight, 0);
      for (const [value, weight] of from) if ((left -= weight) < 0) return value;
      const last = from.at(-1);
      if (!last) throw new RangeError('nothing to choose from');
      return last[0];
    },
    // Box and Muller; 1 - next() is never 0, whose logarithm there is none of.
    skewed: (spread) => Math.exp(spread * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())),
  };
}
