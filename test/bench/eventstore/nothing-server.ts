/**
 * A server that speaks the store's protocol over grpc-js and keeps nothing: every append is acknowledged at once, every
 * stream has five events. What is measured against it no store behind this wire and this client can beat.
 */
import { Server, ServerCredentials, type ServerDuplexStream, type ServerWritableStream } from '@grpc/grpc-js';
import featuresService from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import streamsService from '@eventstore/db-client/generated/streams_grpc_pb.js';
import { decodeBatchRequest, type BatchRequest } from '../../../src/adapters/embedded-eventstore/batch-request.js';
import { batchSuccessMessage, eventMessage } from '../../../src/adapters/embedded-eventstore/messages.js';
import { supportedMethods } from '../../../src/adapters/embedded-eventstore/node-info.handlers.js';

const metadata = Buffer.from(
  JSON.stringify({
    workspaceId: '0190f6f0-0000-7000-8000-000000000001',
    actor: { kind: 'user', id: 'ann' },
    commandId: '0190f6f0-0000-7000-8000-000000000002',
    $correlationId: '0190f6f0-0000-7000-8000-000000000003',
    $causationId: '0190f6f0-0000-7000-8000-000000000004',
    schemaVersion: 1,
    occurredAt: '2026-03-01T09:00:00.000Z',
  }),
);
const events = Array.from({ length: 5 }, (_, revision) =>
  eventMessage(
    {
      id: `0190f6f0-0000-7000-8000-00000000001${revision}`,
      stream: 'bench-nothing',
      revision,
      position: revision + 1,
      type: 'work.LabelCreated',
      isJson: true,
      recordedAt: 1_772_355_600_000,
      data: Buffer.from('{"name":"urgent","color":"#cc0000"}'),
      metadata,
    },
    'string',
  ),
);

const asIs = (message: Buffer): Buffer => message;
const { StreamsService } = streamsService;
const server = new Server();
server.addService(featuresService.ServerFeaturesService, {
  getSupportedMethods: (_: unknown, respond: (error: null, answer: unknown) => void) =>
    respond(null, supportedMethods()),
});
server.addService(
  {
    read: { ...StreamsService.read, responseSerialize: asIs },
    batchAppend: { ...StreamsService.batchAppend, requestDeserialize: decodeBatchRequest, responseSerialize: asIs },
  },
  {
    read: (call: ServerWritableStream<unknown, Buffer>) => {
      for (const event of events) call.write(event);
      call.end();
    },
    batchAppend: (call: ServerDuplexStream<BatchRequest, Buffer>) => {
      call.on('data', ({ correlationId, events: { length } }: BatchRequest) =>
        call.write(batchSuccessMessage(correlationId, 'bench-nothing', length - 1, 1)),
      );
      call.on('end', () => call.end());
      call.on('error', () => undefined);
    },
  },
);
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.send?.({ address: `esdb://127.0.0.1:${port}?tls=false` });
});
process.once('SIGTERM', () => {
  server.forceShutdown();
  process.disconnect();
});
