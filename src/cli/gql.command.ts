/** `teampulse gql`: one GraphQL operation against a running server, for scripts. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { z } from 'zod';
import { loadConfig } from '../adapters/config/config.js';

interface Options {
  readonly variables?: string;
  readonly url?: string;
  readonly token?: string;
}

const EXIT = { graphqlErrors: 1, usage: 2, unreachable: 3 } as const;
const TIMEOUT_MS = 60_000;

const answerSchema = z.looseObject({ data: z.unknown().optional(), errors: z.array(z.unknown()).optional() });
/** As a GraphQL server sends it. */
export type Answer = z.infer<typeof answerSchema>;

export function gqlCommand(): Command {
  return new Command('gql')
    .description(
      'Send a GraphQL operation and print the answer as JSON.\n' +
        'Exit code: 0 answered, 1 answered with errors, 2 wrong usage, 3 no server reached.',
    )
    .argument('<query>', 'the operation, or - to read it from standard input')
    .option('--variables <json>', 'its variables, a JSON object')
    .option('--url <url>', 'the server (default: the running `teampulse up`, else HTTP_HOST and HTTP_PORT)')
    .option('--token <token>', 'the bearer token, as `teampulse token create` prints it')
    .action(run);
}

async function run(query: string, { variables, url, token }: Options): Promise<void> {
  const parsed = readVariables(variables);
  if (parsed === undefined) return fail(EXIT.usage, '--variables is not a JSON object, such as {"first": 5}');
  const endpoint = endpointOf(url ?? configuredAddress());
  if (!endpoint) return fail(EXIT.usage, `${url ?? configuredAddress()} is not an http address: --url is such as http://127.0.0.1:4000`); // prettier-ignore
  const text = query === '-' ? readFileSync(0, 'utf8') : query;
  const answer = await askServer(endpoint, { query: text, variables: parsed }, token);
  if (typeof answer === 'string') return fail(EXIT.unreachable, answer);
  console.log(JSON.stringify(answer, null, 2));
  if (answer.errors !== undefined && answer.errors.length > 0) process.exitCode = EXIT.graphqlErrors;
}

/** Of a server's address, with its path or without; undefined when it is none. */
export function endpointOf(address: string): URL | undefined {
  if (!/^https?:\/\//i.test(address) || !URL.canParse(address)) return undefined;
  const endpoint = new URL(address);
  if (endpoint.pathname === '/') endpoint.pathname = '/graphql';
  return endpoint;
}

/** The server's answer, or in words why there is none. */
export async function askServer(endpoint: URL, body: object, token: string | undefined): Promise<Answer | string> {
  const response = await send(endpoint, body, token);
  if (typeof response === 'string') return response;
  const answer = answerSchema.safeParse(parseJson(await response.text()));
  if (answer.success && (answer.data.data !== undefined || answer.data.errors !== undefined)) return answer.data;
  return `${endpoint.href} answered with HTTP ${response.status} and no GraphQL: is that the server?`;
}

/** The response, or why there is none. */
async function send(endpoint: URL, body: object, token: string | undefined): Promise<Response | string> {
  try {
    return await fetch(endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (error) {
    return `no server reached at ${endpoint.href} ${whyUnreached(error, endpoint)}, or check --url`;
  }
}

/** In brackets what the system says, then what to do. */
function whyUnreached(error: unknown, { port }: URL): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  // The Fetch Standard lists ports that no request may go to, because other protocols live there.
  if (cause instanceof Error && cause.message === 'bad port')
    return `(requests to port ${port} are blocked, as in every browser): let the server listen on another port, such as 4000`;
  if (/SSL|TLS|CERT/.test(code)) return `(${code}): does it speak https? If not, write http:// in the address`;
  return `(${code}): start one with \`teampulse up\``;
}

function configuredAddress(): string {
  const { httpHost, httpPort } = loadConfig();
  return `http://${httpHost.includes(':') ? `[${httpHost}]` : httpHost}:${httpPort}`;
}

function readVariables(text: string | undefined): Record<string, unknown> | undefined {
  if (text === undefined) return {};
  const parsed = z.record(z.string(), z.unknown()).safeParse(parseJson(text));
  return parsed.success ? parsed.data : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function fail(exitCode: number, message: string): void {
  console.error(`teampulse: ${message}`);
  process.exitCode = exitCode;
}
