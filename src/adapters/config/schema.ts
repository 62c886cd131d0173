/** Every configuration key there is: what it means, what it may be. `.env.example` is printed from here, and a test keeps it so. */
import { z } from 'zod';

/** A URL with one of these schemes. Messages never repeat the value: it may hold a password. */
const urlOf = (...schemes: readonly string[]): z.ZodType<string> =>
  z.string().refine((text) => URL.canParse(text) && schemes.includes(new URL(text).protocol.slice(0, -1)), {
    error: `is not a URL starting with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`,
  });

const postgresUrl = urlOf('postgres', 'postgresql');

/** A private key as JSON Web Key (RFC 7517), for example of an Ed25519 pair. */
const privateJwk = z.string().transform((text, context): Readonly<Record<string, unknown>> => {
  const parsed = z.looseObject({ kty: z.string(), d: z.string() }).safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  context.addIssue({ code: 'custom', message: 'is not a private key as JSON Web Key with "kty" and "d"' });
  return z.NEVER;
});

/** The client library cuts a user's name from his password at the colon, so a password may hold anything. */
const initialPassword = z
  .string()
  .min(8, 'is too short for a password')
  .max(200, 'is too long for a password')
  .optional();

const port = (unset: number, what: string, example: string): z.ZodType<number> =>
  z.coerce
    .number({ error: 'is not a number' })
    .int('is not a whole number')
    .min(0, 'is below 0')
    .max(65_535, 'is above 65535')
    .default(unset)
    .meta({ what, fix: 'give a port from 0 to 65535', example });

/** Undefined is no JSON value, so that it can't be taken for one. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const configSchema = z.object({
  DATABASE_URL: postgresUrl.optional().meta({
    what: 'Postgres for the read models, as the login that owns them. Used by migrate and worker. Unset: `teampulse up` runs its own.',
    fix: 'give it as postgres://user:password@host:5432/teampulse',
    example: 'postgres://teampulse:secret@localhost:5432/teampulse',
  }),
  DATABASE_API_URL: postgresUrl.optional().meta({
    what: 'The same database as the API sees it: a login that owns nothing and is a member of the role teampulse_reader.',
    fix: 'give it as postgres://user:password@host:5432/teampulse',
    example: 'postgres://teampulse_api:secret@localhost:5432/teampulse',
  }),
  DATABASE_REPLICA_URL: postgresUrl.optional().meta({
    what: 'A streaming replica of that database, with the same login, for the queries of the API: one server, not a balancer over several. Unset: DATABASE_API_URL answers them.',
    fix: 'give it as postgres://user:password@host:5432/teampulse, or leave it out',
    example: 'postgres://teampulse_api:secret@replica.example:5432/teampulse',
  }),
  EVENTSTORE_URL: urlOf('esdb', 'esdb+discover', 'kurrentdb', 'kurrentdb+discover').optional().meta({
    what: 'The log: an EventStoreDB or KurrentDB. Unset: `teampulse up` runs the embedded one.',
    fix: 'give it as esdb://host:2113?tls=false, or esdb+discover://… for a cluster',
    example: 'esdb://localhost:2113?tls=false',
  }),
  EVENTSTORE_DATABASE_URL: postgresUrl.optional().meta({
    what: 'Where `teampulse eventstore`, the embedded log, keeps its events: a database of its own. `teampulse up` sets it.',
    fix: 'give it as postgres://user:password@host:5432/eventstore',
    example: 'postgres://teampulse:secret@localhost:5432/eventstore',
  }),
  EVENTSTORE_DEFAULT_ADMIN_PASSWORD: initialPassword.meta({
    what: 'The password that the user admin of `teampulse eventstore --secure` gets at its first start. Unset: one is made and shown once.',
    fix: 'give at least 8 characters, or leave it out',
    example: 'correct-horse-battery',
  }),
  EVENTSTORE_DEFAULT_OPS_PASSWORD: initialPassword.meta({
    what: 'The same for the user ops.',
    fix: 'give at least 8 characters, or leave it out',
    example: 'correct-horse-staple',
  }),
  NATS_URL: urlOf('nats', 'tls').optional().meta({
    what: 'NATS with JetStream, where events are published as CloudEvents. Unset: Postgres NOTIFY on the channel teampulse_events.',
    fix: 'give it as nats://host:4222',
    example: 'nats://localhost:4222',
  }),
  HTTP_HOST: z.string().default('127.0.0.1').meta({
    what: 'The address the API listens on. 0.0.0.0 makes it reachable from other machines.',
    fix: 'give an address of this machine, such as 127.0.0.1',
    example: '127.0.0.1',
  }),
  HTTP_PORT: port(
    4000,
    'The port the API listens on; 0 takes any free one. `teampulse up` takes a free one when it is taken.',
    '4000',
  ),
  API_MONITOR_HOST: z.string().default('127.0.0.1').meta({
    what: 'The address on which the API can be watched: /health/live, /health/ready, /metrics. No token is asked for.',
    fix: 'give an address of this machine, such as 127.0.0.1',
    example: '127.0.0.1',
  }),
  API_MONITOR_PORT: port(0, 'The port of it; unset or 0 takes any free one, which the API prints.', '4002'),
  WORKER_HTTP_HOST: z.string().default('127.0.0.1').meta({
    what: 'The address on which a worker can be watched: /health/live, /health/ready, /metrics. No token is asked for.',
    fix: 'give an address of this machine, such as 127.0.0.1',
    example: '127.0.0.1',
  }),
  WORKER_HTTP_PORT: port(0, 'The port of it; unset or 0 takes any free one, which the worker prints.', '4001'),
  TEAMPULSE_DATA: z.string().default('./.teampulse').meta({
    what: 'The folder in which embedded parts keep their data, and the key that signs tokens.',
    fix: 'give a folder that this user may write to',
    example: './.teampulse',
  }),
  TOKEN_PRIVATE_KEY: privateJwk.optional().meta({
    what: 'The private key that signs tokens, as JSON Web Key. Unset: one is made and kept in the data folder.',
    fix: 'give a private JWK, or leave it out',
    example: '{"kty":"OKP","crv":"Ed25519","x":"…","d":"…"}',
  }),
  AUDIT_PRIVATE_KEY: privateJwk.optional().meta({
    what: 'The private key that signs checkpoints and exports for auditors, as JSON Web Key (Ed25519). Unset: one is made and kept in the data folder.',
    fix: 'give a private JWK, or leave it out',
    example: '{"kty":"OKP","crv":"Ed25519","x":"…","d":"…"}',
  }),
  IMPORT_HTTP_TOKEN: z.string().min(4, 'is too short to be a token').regex(/^[\x21-\x7e]+( [\x21-\x7e]+)?$/, 'has characters that no token has').optional().meta({
    what: 'What `teampulse import` shows the address it reads pages from: a bearer token, or a whole Authorization value such as `Basic …`.',
    fix: 'give the token alone, or the scheme, a blank and the credential',
    example: 'a-token-of-that-service',
  }), // prettier-ignore
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
      error: 'is not fatal, error, warn, info, debug, trace or silent',
    })
    .default('info')
    .meta({
      what: 'What is logged. `debug` also shows the stack of errors.',
      fix: 'give one of these words, or leave it out',
      example: 'info',
    }),
});

export type Environment = z.infer<typeof configSchema>;
export type ConfigKey = keyof Environment;
export const configKeys = configSchema.keyof().options;

/** What a key is for, what to do when it is wrong, and a value that would be right. */
export function describeKey(key: ConfigKey): { what: string; fix: string; example: string } {
  return z.object({ what: z.string(), fix: z.string(), example: z.string() }).parse(configSchema.shape[key].meta());
}

/** The text of `.env.example`. */
export function envExample(): string {
  const parts = configKeys.map((key) => {
    const { what, example } = describeKey(key);
    return `# ${what}\n# ${key}=${example}\n`;
  });
  return `# Every key TeamPulse reads. All are optional: \`teampulse up\` needs none.\n\n${parts.join('\n')}`;
}
