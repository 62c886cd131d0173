/** What the API tells of its work as it happens, to whoever counts it. Cheap: told for each request. */
export type OperationKind = 'query' | 'mutation' | 'subscription';

export interface OpenSubscriptions {
  /** WebSockets. */
  readonly connections: number;
  readonly subscriptions: number;
}

export abstract class ApiMetrics {
  /** An answer on `/graphql` was sent. @param status of HTTP @param seconds from the request's arrival to the answer's end */
  abstract answered(status: number, seconds: number): void;
  /** A query or mutation was carried out. @param isOk it gave no errors @param seconds without parsing, checks and the network */
  abstract ran(kind: OperationKind, isOk: boolean, seconds: number): void;
  /** A command ended. @param name of its class @param outcome ACCEPTED, the code of its refusal, or FAILED */
  abstract decided(name: string, outcome: string): void;
  /** From now on asked for when somebody looks. */
  abstract subscriptions(open: () => OpenSubscriptions): void;
}
