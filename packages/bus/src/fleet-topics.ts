import {
  ANNOUNCEMENT_TOPIC,
  avroSchemaOf,
  KINDS,
  progressTopic,
  type Topic,
  topicsOf,
  WORKER_SUBSCRIPTION,
} from '@genfleet/job';
import type { TopicSpec } from './bus.ts';

const DAY_MS = 86_400_000;
const DEFAULT_POLICY: TopicPolicy = {
  retentionMs: Number.POSITIVE_INFINITY,
  promptRetentionMs: 3_600_000,
  webhooks: true,
};

/** The subscription under which one of the API's replicas delivers a webhook. */
export const WEBHOOK_SUBSCRIPTION = 'webhooks';

export interface TopicPolicy {
  /** How long messages without prompts are kept once they were acknowledged, in ms; `Infinity` for ever. */
  readonly retentionMs: number;
  /** How long requests for completions are kept once they were acknowledged, in ms: they hold prompts. */
  readonly promptRetentionMs: number;
  /** Whether webhooks are called: their subscription would fill if nobody took from it. */
  readonly webhooks: boolean;
}

/**
 * Every topic that Genfleet uses, as `genfleet setup` and the embedded default create them. Those that hold
 * what a person wrote to a text model are kept for a while of their own.
 */
export function fleetTopics({
  retentionMs,
  promptRetentionMs,
  webhooks,
}: TopicPolicy = DEFAULT_POLICY): readonly TopicSpec[] {
  const forKinds = KINDS.flatMap((kind): TopicSpec[] => [
    ...topicsOf(kind).map(({ type, topic }): TopicSpec => {
      const isEnd = type === 'completed' || type === 'dead' || type === 'cancelled';
      const subscriptions = [
        ...(type === 'requested' ? [WORKER_SUBSCRIPTION] : []),
        ...(isEnd && webhooks ? [WEBHOOK_SUBSCRIPTION] : []),
      ];
      const holdsPrompts = kind === 'completion' && type === 'requested';
      return {
        topic,
        subscriptions,
        retentionMs: holdsPrompts ? Math.min(promptRetentionMs, retentionMs) : retentionMs,
        // written when it is asked for: the embedded bus has no registry
        get schema() {
          return JSON.stringify(avroSchemaOf(type, kind));
        },
      };
    }),
    nothingKept(progressTopic(kind)),
  ]);
  return [...forKinds, { topic: ANNOUNCEMENT_TOPIC, subscriptions: [], retentionMs: DAY_MS }];
}

function nothingKept(topic: Topic): TopicSpec {
  return { topic, subscriptions: [], retentionMs: 0 };
}
