import { once } from 'node:events';
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { EventStoreDBClient, NO_STREAM, jsonEvent } from '@eventstore/db-client';
import { ServerFeaturesService } from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import { SupportedMethod, SupportedMethods } from '@eventstore/db-client/generated/serverfeatures_pb.js';
import { StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import { BatchAppendResp, type BatchAppendReq } from '@eventstore/db-client/generated/streams_pb.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { guardBatchAppends } from './batch-append-guard.js';

/** Answers every append twice: the second time nobody waits any more. */
function answerTwice(call: ServerDuplexStream<BatchAppendReq, BatchAppendResp>): void {
  call.on('data', (request: BatchAppendReq) => {
    const success = new BatchAppendResp.Success();
    success.setCurrentRevision('0');
    const answer = new BatchAppendResp();
    answer.setCorrelationId(request.getCorrelationId());
    answer.setStreamIdentifier(request.getOptions()?.getStreamIdentifier());
    answer.setSuccess(success);
    call.write(answer);
    call.write(answer);
  });
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

describe('the guard of batch appends', () => {
  it('lets an answer that nobody waits for pass, and the next append go on', async () => {
    guardBatchAppends();
    const client = EventStoreDBClient.connectionString(`esdb://127.0.0.1:${port}?tls=false`);
    const uncaught = once(process, 'uncaughtExceptionMonitor').then(([error]) => error as unknown);
    const append = async () =>
      client.appendToStream('thing-1', jsonEvent({ type: 'x', data: {} }), { expectedRevision: NO_STREAM });
    await append();
    const second = await Promise.race([append(), uncaught]);
    expect(second).toMatchObject({ success: true, nextExpectedRevision: 0n });
    await client.dispose();
  });
});
