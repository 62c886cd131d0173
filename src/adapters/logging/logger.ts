/** Logging: pino to standard error, one JSON object a line; coloured text when a person is looking. Secrets are taken out of every line. */
import { isatty } from 'node:tty';
import { pino, stdTimeFunctions, type DestinationStream, type Level, type Logger as PinoLogger } from 'pino';
import pretty from 'pino-pretty';
import { redact } from './redact.js';

export type Logger = PinoLogger;

/** Fields that are secret by their name, at the top and one level down. */
const SECRET_FIELDS = ['authorization', 'token', 'password', 'secret', 'cookie', 'connectionString'];

export interface LoggerOptions {
  /** Which process or part speaks: `api`, `worker`. */
  readonly name: string;
  readonly level: Level | 'silent';
  /** Standard error unless a test gives its own. */
  readonly destination?: DestinationStream;
}

/**
 * A logger. Standard output stays free for what a command prints.
 * Errors go in as `logger.error({ err }, 'what did not work')`; their stack is logged at level debug and trace only.
 */
export function createLogger({ name, level, destination }: LoggerOptions): Logger {
  const withStack = level === 'debug' || level === 'trace';
  return pino(
    {
      name,
      level,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: (error: unknown) => serializeError(error, withStack) },
      redact: { paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`]), censor: '***' },
      hooks: { streamWrite: redact },
    },
    destination ?? standardError(),
  );
}

function standardError(): DestinationStream {
  if (!isatty(2)) return pino.destination({ dest: 2, sync: true });
  return pretty({ destination: 2, sync: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l' });
}

/** How deep a chain of causes is followed: enough for adapter, driver, system. */
const MAX_CAUSES = 5;

function serializeError(error: unknown, withStack: boolean, depth = 0): unknown {
  if (!(error instanceof Error)) return error;
  return {
    type: error.name,
    message: error.message,
    ...('code' in error ? { code: error.code } : {}),
    ...(withStack ? { stack: error.stack } : {}),
    ...(error.cause !== undefined && depth < MAX_CAUSES
      ? { cause: serializeError(error.cause, withStack, depth + 1) }
      : {}),
  };
}
