/** Printing what `list`, `status` and `lag` found: once, or again and again. */
import { setTimeout as delay } from 'node:timers/promises';

export interface ShowOptions {
  readonly json?: true;
  readonly watch?: true;
}

const WATCH_MS = 1_000;
const CLEAR = '\u001B[H\u001B[2J';

/**
 * With `watch` until Ctrl-C: a terminal is drawn anew each time, elsewhere one is printed below the other, as JSON on one line
 * each.
 * @param find what is shown: `rows` as JSON, `text` for people
 */
export async function show(
  { json, watch }: ShowOptions,
  find: () => Promise<{ readonly rows: unknown; readonly text: string }>,
): Promise<void> {
  for (;;) {
    const { rows, text } = await find();
    const clear = watch && !json && process.stdout.isTTY ? CLEAR : '';
    console.log(json ? JSON.stringify(rows, undefined, watch ? undefined : 2) : clear + text);
    if (!watch) return;
    await delay(WATCH_MS);
  }
}
