import { describe, expect, it } from 'vitest';
import { createLogger } from './logger.js';

function logged(write: (logger: ReturnType<typeof createLogger>) => void, level: 'info' | 'debug' = 'info'): string {
  const lines: string[] = [];
  write(createLogger({ name: 'test', level, destination: { write: (line) => void lines.push(line) } }));
  return lines.join('');
}

describe('a log line', () => {
  it.each([
    ['a database password in a message', 'cannot reach postgres://app:hunter2@db:5432/x'],
    ['a token in a header field', { authorization: 'Bearer hunter2hunter2' }],
    ['a token in a sentence', 'got Authorization: Bearer hunter2.hunter2'],
    ['a nested password', { options: { password: 'hunter2' } }],
    ['a signed token', 'token eyJhbGciOiJIUzI1NiJ9.hunter2hunter2.hunter2sig'],
    ['a password in an error', { err: new Error('connect esdb://admin:hunter2@host') }],
    ['a password in the cause of an error', { err: new Error('x', { cause: new Error('nats://hunter2@host') }) }],
  ])('never shows %s', (_, what) => {
    const line = logged((logger) => (typeof what === 'string' ? logger.info(what) : logger.info(what, 'said')));
    expect(line).toContain('***');
    expect(line).not.toContain('hunter2');
    expect(() => JSON.parse(line) as unknown).not.toThrow();
  });

  it('shows the stack of an error only when debugging', () => {
    const err = new Error('broke', { cause: new Error('deeper') });
    expect(logged((logger) => logger.error({ err }, 'x'))).not.toContain('logger.spec');
    expect(logged((logger) => logger.error({ err }, 'x'))).toContain('deeper');
    expect(logged((logger) => logger.error({ err }, 'x'), 'debug')).toContain('logger.spec');
  });
});
