/** What a group tells of itself: its settings, its consumers, where it is, and how fast. */
import persistent from '@eventstore/db-client/generated/persistent_pb.js';
import type { Consumer } from './consumer.js';
import { formatPlace, formatStart } from './group-definition.js';
import type { Group } from './group.js';

type SubscriptionInfo = InstanceType<typeof persistent.SubscriptionInfo>;

export async function groupInfo(group: Group): Promise<SubscriptionInfo> {
  const { stream, group: name, settings, startFrom } = group.definition;
  const [lastKnown, parkedCount] = await Promise.all([group.lastKnownPlace(), group.parked.count()]);
  const place = (at: number | undefined): string => (at === undefined ? '' : formatPlace(stream, at));
  const { items, perSecond, ms } = group.measure();
  const info = new persistent.SubscriptionInfo();
  info.setEventSource(stream);
  info.setGroupName(name);
  info.setStatus(group.status);
  info.setConnectionsList([...group.consumers].map((consumer) => connectionInfo(consumer, ms)));
  info.setAveragePerSecond(perSecond);
  info.setTotalItems(String(group.totalItems));
  info.setCountSinceLastMeasurement(String(items));
  info.setLastCheckpointedEventPosition(place(group.checkpoints.written));
  info.setLastKnownEventPosition(place(lastKnown));
  info.setResolveLinkTos(settings.resolveLinks);
  info.setStartFrom(formatStart(stream, startFrom));
  info.setMessageTimeoutMilliseconds(settings.messageTimeoutMs);
  info.setExtraStatistics(settings.extraStatistics);
  info.setMaxRetryCount(settings.maxRetryCount);
  info.setLiveBufferSize(settings.liveBufferSize);
  info.setBufferSize(settings.historyBufferSize);
  info.setReadBatchSize(settings.readBatchSize);
  info.setCheckPointAfterMilliseconds(settings.checkpointAfterMs);
  info.setMinCheckPointCount(settings.minCheckpointCount);
  info.setMaxCheckPointCount(settings.maxCheckpointCount);
  info.setReadBufferCount(group.isLive ? 0 : group.queue.freshCount);
  info.setLiveBufferCount(String(group.isLive ? group.queue.freshCount : 0));
  info.setRetryBufferCount(group.queue.retryCount);
  info.setTotalInFlightMessages([...group.consumers].reduce((sum, consumer) => sum + consumer.inFlight, 0));
  info.setOutstandingMessagesCount(group.inFlight.size);
  info.setNamedConsumerStrategy(settings.strategy);
  info.setMaxSubscriberCount(settings.maxSubscriberCount);
  info.setParkedMessageCount(String(parkedCount));
  return info;
}

function connectionInfo(
  consumer: Consumer,
  ms: number,
): InstanceType<typeof persistent.SubscriptionInfo.ConnectionInfo> {
  const items = consumer.itemsSinceMeasured();
  const info = new persistent.SubscriptionInfo.ConnectionInfo();
  info.setFrom(consumer.facts.from);
  info.setUsername(consumer.facts.username);
  info.setConnectionName(consumer.facts.connectionName);
  info.setAverageItemsPerSecond(ms > 0 ? Math.floor((items * 1_000) / ms) : 0);
  info.setTotalItems(String(consumer.totalItems));
  info.setCountSinceLastMeasurement(String(items));
  info.setAvailableSlots(consumer.availableSlots);
  info.setInFlightMessages(consumer.inFlight);
  info.setObservedMeasurementsList(
    measurements(consumer.samples).map(([key, value]) => {
      const measurement = new persistent.SubscriptionInfo.Measurement();
      measurement.setKey(key);
      measurement.setValue(String(Math.round(value)));
      return measurement;
    }),
  );
  return info;
}

const QUANTILES: readonly (readonly [name: string, share: number])[] = [
  ['Median', 0.5],
  ['Fastest', 0],
  ['Quintile 1', 0.2],
  ['Quintile 2', 0.4],
  ['Quintile 3', 0.6],
  ['Quintile 4', 0.8],
  ['Quintile 5', 1],
  ['90%', 0.9],
  ['95%', 0.95],
  ['99%', 0.99],
  ['99.5%', 0.995],
  ['99.9%', 0.999],
  ['Highest', 1],
];

/** Milliseconds from push to answer, under the names of a real node. */
function measurements(samples: readonly number[]): [string, number][] {
  if (samples.length === 0) return [];
  const sorted = samples.toSorted((a, b) => a - b);
  const mean = sorted.reduce((sum, sample) => sum + sample, 0) / sorted.length;
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return [['Mean', mean], ...QUANTILES.map(([name, share]): [string, number] => [name, at(share)])];
}
