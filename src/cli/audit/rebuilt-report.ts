/** `audit verify --rebuild`: what an export leads to, shown, and compared with what a running server says. */
import { isDeepStrictEqual } from 'node:util';
import { Kind, OperationTypeNode, parse } from 'graphql';
import type { Manifest } from '../../adapters/audit/manifest.js';
import { CliError } from '../failure.js';
import { askServer, endpointOf, type Answer } from '../gql.command.js';
import { table } from '../projections/table.js';
import { rebuild, type Rebuilt } from './rebuild.js';

export interface RebuildOptions {
  readonly rebuild?: true;
  readonly query?: string;
  /** The address of a server. */
  readonly against?: string;
  readonly token?: string;
}

export interface Report extends Rebuilt {
  /** Of the server, to the same query. */
  readonly theirs: Answer | undefined;
  /** False when the server says something else. */
  readonly equal: boolean;
}

/** @returns what is wrong with the call; undefined when nothing is */
export function misuseOf({ query, against }: RebuildOptions): string | undefined {
  if (against !== undefined && query === undefined) return '--against compares the answer to a query: give one with --query'; // prettier-ignore
  if (against !== undefined && !endpointOf(against)) return `${against} is not an http address: --against is such as http://127.0.0.1:4000`; // prettier-ignore
  return query === undefined ? undefined : faultOf(query);
}

/** @throws CliError when the export can't be applied, or the server not be asked */
export async function reportRebuilt(folder: string, manifest: Manifest, options: RebuildOptions): Promise<Report> {
  const { query, against, token } = options;
  const rebuilt = await rebuild(folder, manifest, query);
  const endpoint = against === undefined ? undefined : endpointOf(against);
  if (!endpoint || query === undefined) return { ...rebuilt, theirs: undefined, equal: true };
  const theirs = await askServer(endpoint, { query }, token);
  if (typeof theirs === 'string') throw new CliError(theirs, 'the export was verified and rebuilt; ask again');
  return { ...rebuilt, theirs, equal: isDeepStrictEqual(theirs, plain(rebuilt.answer)) };
}

export function describeRebuilt({ tables, answer, theirs, equal }: Report, against = ''): void {
  if (answer === undefined) {
    const cells = tables.map(({ table: name, rows, sha256 }) => [name, String(rows), sha256]);
    console.log(table(['TABLE', 'ROWS', 'SHA-256 OF THE ROWS'], cells));
    return;
  }
  console.log(JSON.stringify(answer, null, 2));
  if (theirs === undefined) return;
  console.log(
    equal ? `${against} says the same.` : `${against} says something else:\n${JSON.stringify(theirs, null, 2)}`,
  );
}

const plain = (answer: Answer | undefined): unknown => JSON.parse(JSON.stringify(answer ?? null));

function faultOf(query: string): string | undefined {
  try {
    const { definitions } = parse(query);
    const isQuery = definitions.every((part) => part.kind !== Kind.OPERATION_DEFINITION || part.operation === OperationTypeNode.QUERY); // prettier-ignore
    return isQuery ? undefined : 'an export can only be queried: leave mutations and subscriptions out';
  } catch (error) {
    return `--query can't be read as GraphQL: ${error instanceof Error ? error.message : String(error)}`;
  }
}
