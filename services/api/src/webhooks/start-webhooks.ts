import { type Bus, type Consumer, WEBHOOK_SUBSCRIPTION } from '@genfleet/bus';
import { type JobState, KINDS, type Kind, type Topic, topicOf } from '@genfleet/job';
import type { View } from '@genfleet/ledger';
import type { Logger, WebhookMetrics } from '@genfleet/telemetry';
import { deliver } from './deliver.ts';
import { guardedLookup } from './guarded-lookup.ts';
import { HostSlots } from './host-slots.ts';
import { type PostOptions, postWebhook } from './post-webhook.ts';
import { signerOf, type WebhookMessage } from './webhook-message.ts';

const TIMEOUT_MS = 10_000;
const IN_FLIGHT = 128;
const PER_HOST = 32;

export interface WebhookOptions {
  readonly bus: Bus;
  readonly views: Readonly<Record<Kind, Pick<View, 'job' | 'applied'>>>;
  /** `whsec_` and the base64 of 24 to 64 random bytes, shared with the receivers. */
  readonly secret: string;
  /** Calls private, loopback and link-local addresses as well. */
  readonly allowPrivate: boolean;
  /** Unix time in ms. */
  readonly clock: () => number;
  readonly log: Logger;
  /** The job as `GET /images/{id}/` shows it. */
  readonly render: (state: JobState) => Promise<unknown>;
  readonly metrics?: WebhookMetrics;
  /** In [0, 1). Default: Math.random. */
  readonly random?: () => number;
  /** For one call, in ms. Default 10 s. */
  readonly timeoutMs?: number;
  /** Certificates trusted beside the system's own, and how names are resolved. */
  readonly network?: Partial<Pick<PostOptions, 'ca' | 'lookup'>>;
}

export interface Webhooks {
  /** Takes no more; what is under way is ended and will be delivered again, by whoever runs then. */
  stop(): Promise<void>;
}

/**
 * Calls the webhook of every job that ends, at least once each. The subscription is shared, so replicas of the
 * API divide the calls among them, and what is not acknowledged yet outlives all of them.
 * @throws GenfleetError `invalid_configuration` for the secret, or what the bus says: topics missing, away.
 */
export async function startWebhooks(options: WebhookOptions): Promise<Webhooks> {
  const { bus, allowPrivate, timeoutMs = TIMEOUT_MS, network = {} } = options;
  const stopping = new AbortController();
  const running = new Set<Promise<void>>();
  const postOptions = { lookup: guardedLookup(), ...network, allowPrivate };
  const deliverOptions = {
    ...options,
    sign: signerOf(options.secret),
    metrics: options.metrics,
    random: options.random ?? Math.random,
    slots: new HostSlots(PER_HOST),
    post: (url: string, message: WebhookMessage) => {
      const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(timeoutMs)]);
      return postWebhook({ url, ...message, signal }, postOptions);
    },
  };
  const consumers: Consumer[] = [];
  const stop = async () => {
    for (const consumer of consumers) consumer.pause();
    stopping.abort();
    await Promise.allSettled(running);
    await Promise.all(consumers.map((consumer) => consumer.close()));
  };
  try {
    for (const topic of endTopics()) {
      const handle = async (delivery: Parameters<typeof deliver>[2]) => {
        const work = deliver(deliverOptions, topic, delivery);
        running.add(work);
        await work.finally(() => running.delete(work));
      };
      consumers.push(await bus.subscribe(topic, WEBHOOK_SUBSCRIPTION, handle, { maxInFlight: IN_FLIGHT }));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop };
}

function endTopics(): Topic[] {
  return KINDS.flatMap((kind) => [
    topicOf('completed', kind),
    topicOf('dead', kind),
    topicOf('cancelled', kind),
  ]);
}
