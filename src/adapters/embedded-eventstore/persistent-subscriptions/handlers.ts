/** The PersistentSubscriptions service: its unary calls, and the call on which a consumer reads and answers. */
import type {
  Metadata,
  ServerDuplexStream,
  ServerUnaryCall,
  UntypedServiceImplementation,
  sendUnaryData,
} from '@grpc/grpc-js';
import persistent from '@eventstore/db-client/generated/persistent_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import { confirmationMessage, persistentEventMessage, type UuidForm } from '../messages.js';
import { readNumber, readStreamName, readUuid } from '../requests.js';
import { accessDenied, invalidArgument } from '../rpc-errors.js';
import { requireOperator, requireUser, type StoreSecurity } from '../security/store-security.js';
import type { Caller } from '../security/stream-acl.js';
import { answerUnary, asRpcError } from '../write.handlers.js';
import type { Consumer } from './consumer.js';
import { dropped, failed } from './errors.js';
import { ALL, subscriptionId } from './group-definition.js';
import { groupInfo } from './group-info.js';
import type { Group, NackAction } from './group.js';
import type { PersistentSubscriptions } from './persistent-subscriptions.js';
import { readCreate, readGroupName, readUpdate } from './requests.js';

type ReadReq = InstanceType<typeof persistent.ReadReq>;
export type ReadCall = ServerDuplexStream<ReadReq, Buffer>;

interface Parts {
  readonly subscriptions: PersistentSubscriptions;
  /** Undefined on a store that runs open. */
  readonly security: StoreSecurity | undefined;
  /** The last position of `$all`. */
  readonly head: () => number;
}

/** Answers of `read` are encoded already. */
export function persistentSubscriptionHandlers(parts: Parts): UntypedServiceImplementation {
  const { subscriptions, security, head } = parts;
  /** A unary call, once its caller may make it. */
  const unary =
    <Request, Response>(
      require: (caller: Caller | undefined) => void,
      run: (request: Request, caller: Caller | undefined) => Promise<Response>,
    ) =>
    (call: ServerUnaryCall<Request, Response>, respond: sendUnaryData<Response>): void =>
      answerUnary(call, respond, async (request) => {
        const caller = await security?.callerOf(call.metadata);
        require(caller);
        return run(request, caller);
      });

  return {
    create: unary(requireOperator, async (request: InstanceType<typeof persistent.CreateReq>, caller) => {
      await subscriptions.create(readCreate(request.getOptions(), head()), nameOf(caller));
      return new persistent.CreateResp();
    }),
    update: unary(requireOperator, async (request: InstanceType<typeof persistent.UpdateReq>, caller) => {
      await subscriptions.update(readUpdate(request.getOptions(), head()), nameOf(caller));
      return new persistent.UpdateResp();
    }),
    delete: unary(requireOperator, async (request: InstanceType<typeof persistent.DeleteReq>, caller) => {
      await subscriptions.delete(readGroupName(request.getOptions()), nameOf(caller));
      return new persistent.DeleteResp();
    }),
    replayParked: unary(requireOperator, async (request: InstanceType<typeof persistent.ReplayParkedReq>) => {
      const options = request.getOptions();
      const name = readGroupName(options);
      const group = subscriptions.get(name);
      const stopAt = options?.hasStopAt() ? options.getStopAt() : undefined;
      if (stopAt?.startsWith('-'))
        throw failed(name.stream, name.group, 'Cannot stop replaying parked message at a negative version.');
      await group.replayParked(stopAt === undefined ? undefined : readNumber(stopAt));
      return new persistent.ReplayParkedResp();
    }),
    getInfo: unary(requireUser, async (request: InstanceType<typeof persistent.GetInfoReq>) => {
      const response = new persistent.GetInfoResp();
      response.setSubscriptionInfo(await groupInfo(subscriptions.get(readGroupName(request.getOptions()))));
      return response;
    }),
    list: unary(requireUser, async (request: InstanceType<typeof persistent.ListReq>) => {
      const option = request.getOptions()?.getListForStream();
      const stream = option && (option.hasAll() ? ALL : readStreamName(option.getStream()));
      const response = new persistent.ListResp();
      response.setSubscriptionsList(await Promise.all(subscriptions.list(stream).map(groupInfo)));
      return response;
    }),
    restartSubsystem: unary(requireOperator, async () => {
      await subscriptions.restart();
      return new shared.Empty();
    }),
    read: (call: ReadCall) => handleRead(call, parts),
  };
}

/** On an open store a real node runs every call as "system". */
const nameOf = (caller: Caller | undefined): string => (caller ? (caller.name ?? 'anonymous') : 'system');

/** What a call is once its caller is known. */
interface Reading {
  readonly group: Group;
  readonly consumer: Consumer;
  readonly unwatch: (() => void) | undefined;
}

function handleRead(call: ReadCall, { subscriptions, security }: Parts): void {
  let reading: Reading | undefined;
  let gone = false;
  const leave = (): void => {
    gone = true;
    reading?.unwatch?.();
    reading?.group.disconnect(reading.consumer);
    reading = undefined;
  };
  const fail = (error: unknown): void => {
    leave();
    // Not destroy(): grpc-js sends the status when the stream ends, and a destroyed stream does not end.
    call.emit('error', asRpcError(error));
  };
  call.on('cancelled', leave);
  call.on('error', leave);
  call.on('close', leave);

  const begin = async (options: InstanceType<typeof persistent.ReadReq.Options>): Promise<void> => {
    const name = readGroupName(options);
    const caller = await security?.callerOf(call.metadata);
    requireUser(caller);
    await security?.requireRead(caller, name.stream);
    if (gone) return;
    const uuid: UuidForm = options.getUuidOption()?.hasStructured() ? 'structured' : 'string';
    const group = subscriptions.get(name);
    const consumer = group.connect(
      {
        from: call.getPeer(),
        username: nameOf(caller),
        connectionName: first(call.metadata, 'connection-name'),
        bufferSize: options.getBufferSize(),
      },
      {
        send: (message) => call.write(persistentEventMessage(message, message.retryCount, uuid)),
        drop: () => fail(dropped(name.stream, name.group)),
      },
    );
    const unwatch = security?.watchRead(caller, name.stream, () => fail(accessDenied()));
    reading = { group, consumer, unwatch };
    call.on('drain', () => {
      consumer.drained();
      group.push();
    });
    call.write(confirmationMessage(subscriptionId(name)));
    group.push();
  };

  const take = (request: ReadReq): void => {
    const options = request.getOptions();
    const ack = request.getAck();
    const nack = request.getNack();
    if (reading) {
      if (ack) reading.group.ack(ack.getIdsList().map(readUuid));
      else if (nack)
        reading.group.nack(nack.getIdsList().map(readUuid), nackAction(nack.getAction()), nack.getReason());
    } else if (options) {
      // What follows waits until the caller is known.
      call.pause();
      begin(options).then(() => call.resume(), fail);
    } else {
      throw invalidArgument('The first message of a read names the group.');
    }
  };

  call.on('data', (request: ReadReq) => {
    if (gone) return;
    try {
      take(request);
    } catch (error) {
      fail(error);
    }
  });
  call.on('end', () => {
    // The client has half-closed: it will answer no more.
    if (gone) return;
    leave();
    call.end();
  });
}

/** `stop` drops the message too: that is all a real node does. */
function nackAction(action: persistent.ReadReq.Nack.Action): NackAction {
  const { Action } = persistent.ReadReq.Nack;
  switch (action) {
    case Action.PARK:
      return 'park';
    case Action.SKIP:
    case Action.STOP:
      return 'skip';
    case Action.RETRY:
    case Action.UNKNOWN:
      return 'retry';
  }
}

const first = (metadata: Metadata, key: string): string => String(metadata.get(key)[0] ?? '');
