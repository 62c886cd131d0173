/** ServerFeatures and Gossip: what this node can do and where it is. Both are answered from memory, without credentials. */
import { randomUUID } from 'node:crypto';
import gossip from '@eventstore/db-client/generated/gossip_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import features from '@eventstore/db-client/generated/serverfeatures_pb.js';

/** The version whose behaviour this server follows. */
const VERSION = '24.10.4';

const STREAMS = 'event_store.client.streams.streams';
const PERSISTENT = 'event_store.client.persistent_subscriptions.persistentsubscriptions';
/** Only what is implemented: the client raises UnsupportedError for the rest, or tries HTTP. */
const METHODS: readonly (readonly [service: string, method: string, features: readonly string[]])[] = [
  [STREAMS, 'read', ['position', 'events']],
  [STREAMS, 'append', []],
  [STREAMS, 'batchappend', ['deadline_duration']],
  [STREAMS, 'delete', []],
  [STREAMS, 'tombstone', []],
  [PERSISTENT, 'create', ['stream', 'all']],
  [PERSISTENT, 'update', ['stream', 'all']],
  [PERSISTENT, 'delete', ['stream', 'all']],
  [PERSISTENT, 'read', ['stream', 'all']],
  [PERSISTENT, 'getinfo', ['stream', 'all']],
  [PERSISTENT, 'replayparked', ['stream', 'all']],
  [PERSISTENT, 'list', ['stream', 'all']],
  [PERSISTENT, 'restartsubsystem', []],
  ['event_store.client.server_features.serverfeatures', 'getsupportedmethods', []],
  ['event_store.client.gossip.gossip', 'read', []],
];

/** Fetched by every client before its first call; without an answer all its calls hang. */
export function supportedMethods(): InstanceType<typeof features.SupportedMethods> {
  const answer = new features.SupportedMethods();
  answer.setEventStoreServerVersion(VERSION);
  answer.setMethodsList(
    METHODS.map(([service, name, list]) => {
      const method = new features.SupportedMethod();
      method.setServiceName(service);
      method.setMethodName(name);
      method.setFeaturesList([...list]);
      return method;
    }),
  );
  return answer;
}

const instanceId = randomUUID();

/** A cluster of one, which is its own leader. @param address what clients dial */
export function clusterOfOne(address: string, port: number): InstanceType<typeof gossip.ClusterInfo> {
  const endPoint = new gossip.EndPoint();
  endPoint.setAddress(address);
  endPoint.setPort(port);
  const id = new shared.UUID();
  id.setString(instanceId);
  const member = new gossip.MemberInfo();
  member.setInstanceId(id);
  member.setTimeStamp(`${Date.now()}0000`);
  member.setState(gossip.MemberInfo.VNodeState.LEADER);
  member.setIsAlive(true);
  member.setHttpEndPoint(endPoint);
  const cluster = new gossip.ClusterInfo();
  cluster.setMembersList([member]);
  return cluster;
}
