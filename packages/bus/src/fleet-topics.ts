import {
  ANNOUNCEMENT_TOPIC,
  KINDS,
  progressTopic,
  type Topic,
  topicsOf,
  WORKER_SUBSCRIPTION,
} from '@genfleet/job';
import type { TopicSpec } from './bus.ts';

const DAY_MS = 86_400_000;

/** The subscription under which one of the API's replicas delivers a webhook. */
export const WEBHOOK_SUBSCRIPTION = 'webhooks';

/** Every topic that Genfleet uses, as `genfleet setup` and the embedded default create them. */
export function fleetTopics(): readonly TopicSpec[] {
  const forKinds = KINDS.flatMap((kind): TopicSpec[] => [
    ...topicsOf(kind).map(({ type, topic }): TopicSpec => {
      const subscriptions =
        type === 'requested' ? [WORKER_SUBSCRIPTION] : type === 'started' ? [] : [WEBHOOK_SUBSCRIPTION];
      return { topic, subscriptions, retentionMs: Number.POSITIVE_INFINITY };
    }),
    nothingKept(progressTopic(kind)),
  ]);
  return [...forKinds, { topic: ANNOUNCEMENT_TOPIC, subscriptions: [], retentionMs: DAY_MS }];
}

function nothingKept(topic: Topic): TopicSpec {
  return { topic, subscriptions: [], retentionMs: 0 };
}
