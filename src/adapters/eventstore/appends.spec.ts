import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { EventStoreDBClient } from '@eventstore/db-client';
import { ServerFeaturesService } from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import { SupportedMethod, SupportedMethods } from '@eventstore/db-client/generated/serverfeatures_pb.js';
import { StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import { BatchAppendResp, type BatchAppendReq } from '@eventstore/db-client/generated/streams_pb.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Appends } from './appends.js';
import { isTransient } from './failures.js';

/** Appends to `later` and `never` that wait for their answer. */
class Held {
  readonly #answers = new Map<string, () => void>();
  #changed = (): void => undefined;

  add(stream: string, answer: () => void): void {
    this.#answers.set(stream, answer);
    this.#changed();
  }

  async has(...streams: string[]): Promise<void> {
    while (!streams.every((stream) => this.#answers.has(stream))) {
      await new Promise<void>((resolve) => (this.#changed = resolve));
    }
  }

  answer(stream: string): void {
    this.#answers.get(stream)?.();
  }
}
const held = new Held();

/** Answers every append twice, the second time nobody waits any more, and those to `later` and `never` when told to. */
function answerTwice(call: ServerDuplexStream<BatchAppendReq, BatchAppendResp>): void {
  call.on('data', (request: BatchAppendReq) => {
    const success = new BatchAppendResp.Success();
    success.setCurrentRevision('0');
    const answer = new BatchAppendResp();
    answer.setCorrelationId(request.getCorrelationId());
    answer.setStreamIdentifier(request.getOptions()?.getStreamIdentifier());
    answer.setSuccess(success);
    const name = Buffer.from(request.getOptions()?.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString();
    const send = (): void => {
      call.write(answer);
      call.write(answer);
    };
    if (name === 'later' || name === 'never') held.add(name, send);
    else send();
  });
  call.on('error', () => undefined);
  call.on('end', () => call.end());
}

let server: Server;
let port: number;
beforeAll(async () => {
  server = new Server();
  server.addService(ServerFeaturesService, {
    getSupportedMethods: (_: unknown, reply: (error: null, methods: SupportedMethods) => void) => {
      const method = new SupportedMethod();
      method.setServiceName('event_store.client.streams.streams');
      method.setMethodName('batchappend');
      const methods = new SupportedMethods();
      methods.setEventStoreServerVersion('24.10.4');
      methods.setMethodsList([method]);
      reply(null, methods);
    },
  });
  server.addService(StreamsService, { batchAppend: answerTwice });
  port = await new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
});
afterAll(() => server.forceShutdown());

const connect = (): EventStoreDBClient => EventStoreDBClient.connectionString(`esdb://127.0.0.1:${port}?tls=false`);
const event = { id: '0190f6f0-0000-7000-8000-000000000001', type: 'x', data: '{}', metadata: '{}' };

describe('appends over one call', () => {
  it('let an answer that nobody waits for pass, and go on', async () => {
    const client = connect();
    const appends = new Appends();
    const append = async () => appends.append(client, 'thing-1', [event], 'no_stream', 5_000);
    await append();
    expect(await append()).toMatchObject({ revision: 0 });
    await client.dispose();
  });

  it('fail with their own call and leave those of another client alone', async () => {
    const [kept, lost] = [connect(), connect()];
    const appends = new Appends();
    const waiting = appends.append(kept, 'later', [event], 'no_stream', 5_000);
    const given = appends.append(lost, 'never', [event], 'no_stream', 5_000).catch((error: unknown) => error);
    await held.has('later', 'never');
    await lost.dispose();
    const failure = await given;
    expect(isTransient(failure)).toBe(true);
    held.answer('later');
    expect(await waiting).toMatchObject({ revision: 0 });
    await kept.dispose();
  });
});
