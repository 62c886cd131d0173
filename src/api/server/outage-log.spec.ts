import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { OutageLog, QUIET_MS } from './outage-log.js';

class Unavailable extends Error {
  override readonly name = 'ReadModelUnavailable';
}

describe('the log of an outage', () => {
  const lines: string[] = [];
  let log: OutageLog;

  beforeEach(() => {
    vi.useFakeTimers();
    lines.length = 0;
    log = new OutageLog({
      error: (cause, what) => lines.push(`error ${cause.message} ${what}`),
      warn: (what) => lines.push(what),
    });
  });
  afterEach(() => void vi.useRealTimers());

  it('has one line for its beginning and one for its end, however many requests failed', () => {
    for (let n = 0; n < 1_000; n++) {
      log.failed(new Unavailable('away'), `request ${n}`);
      vi.advanceTimersByTime(50);
    }
    expect(lines).toEqual(['error away request 0']);
    vi.advanceTimersByTime(QUIET_MS);
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatch(/^ReadModelUnavailable: 999 more requests failed within 50 s; none in the last 10 s$/);
  });

  it('has one line when one request failed', () => {
    log.failed(new Unavailable('away'), 'request 1');
    vi.advanceTimersByTime(QUIET_MS * 2);
    expect(lines).toEqual(['error away request 1']);
  });

  it('tells of the next outage again, and of another part at once', () => {
    log.failed(new Unavailable('away'), 'request 1');
    log.failed(new Error('the other one'), 'request 2');
    vi.advanceTimersByTime(QUIET_MS);
    log.failed(new Unavailable('away again'), 'request 3');
    expect(lines).toEqual(['error away request 1', 'error the other one request 2', 'error away again request 3']);
  });
});
