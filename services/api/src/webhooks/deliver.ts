import type { Delivery } from '@genfleet/bus';
import { decodeEvent, type JobState, type Kind, type Topic } from '@genfleet/job';
import type { View } from '@genfleet/ledger';
import { extractContext, type Logger, type WebhookMetrics, withSpan } from '@genfleet/telemetry';
import { decideCall } from './decide-call.ts';
import type { HostSlots } from './host-slots.ts';
import type { PostOutcome } from './post-webhook.ts';
import { retryDelayMs } from './retry-delay.ts';
import { type EndEvent, endsJob, type Sign, type WebhookMessage, webhookMessage } from './webhook-message.ts';

/** For the view to fold the message that is being delivered. */
const FOLD_MS = 5_000;
const NOT_FOLDED_WAIT_MS = 1_000;
/** For a slot to come free; while it lasts, the delivery keeps a place that another host's could have. */
const SLOT_MS = 250;
const BUSY_HOST_WAIT_MS = 1_000;

export interface DeliverOptions {
  readonly views: Readonly<Record<Kind, Pick<View, 'job' | 'applied'>>>;
  readonly sign: Sign;
  /** Unix time in ms. */
  readonly clock: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
  readonly metrics: WebhookMetrics | undefined;
  readonly slots: HostSlots;
  /** The job as `GET /images/{id}/` shows it. */
  readonly render: (state: JobState) => Promise<unknown>;
  readonly post: (url: string, message: WebhookMessage) => Promise<PostOutcome>;
}

/** Tells the receiver of one end of a job, and settles the delivery by what came of it. */
export async function deliver(options: DeliverOptions, topic: Topic, delivery: Delivery): Promise<void> {
  const event = read(options, delivery);
  if (!event) return delivery.ack();
  const { views, clock } = options;
  const view = views[event.kind];
  if (!(await view.applied(topic, delivery.messageId, FOLD_MS))) return delivery.nack(NOT_FOLDED_WAIT_MS);
  const order = { timeMs: delivery.publishTimeMs, type: event.type, messageId: delivery.messageId };
  const decision = decideCall(event, order, view.job(event.id), clock());
  switch (decision.do) {
    case 'drop':
      return delivery.ack();
    case 'wait':
      return delivery.nack(NOT_FOLDED_WAIT_MS);
    case 'abandon':
      return abandon(options, event, decision.reason, delivery);
    case 'call':
      return call(options, event, decision, delivery);
  }
}

/** Undefined for what no try will ever make readable. */
function read(options: DeliverOptions, delivery: Delivery): EndEvent | undefined {
  try {
    const event = decodeEvent(delivery.value);
    return endsJob(event) ? event : undefined;
  } catch (err) {
    options.log.error({ err, topic: delivery.topic }, 'no webhook for a message that can not be read');
    return undefined;
  }
}

async function call(
  options: DeliverOptions,
  event: EndEvent,
  to: { readonly url: string; readonly state: JobState },
  delivery: Delivery,
): Promise<void> {
  const { slots, clock, log, metrics } = options;
  const host = URL.canParse(to.url) ? new URL(to.url).host : '';
  if (!(await slots.take(host, SLOT_MS))) return delivery.nack(BUSY_HOST_WAIT_MS * (0.5 + options.random()));
  const fields = { jobId: event.id, tenant: event.tenant, kind: event.kind };
  try {
    const outcome = await post(options, event, to, delivery);
    if (outcome.done) {
      metrics?.calls.inc({ outcome: 'delivered' });
      log.info(fields, 'webhook delivered');
      return await delivery.ack();
    }
    if (!outcome.again) return await abandon(options, event, outcome.reason, delivery);
    const delayMs = retryDelayMs(clock() - delivery.publishTimeMs, outcome.afterMs, options.random());
    metrics?.calls.inc({ outcome: 'retried' });
    log.warn(fields, `webhook not delivered, again in ${Math.round(delayMs / 1_000)} s: ${outcome.reason}`);
    await delivery.nack(delayMs);
  } finally {
    slots.give(host);
  }
}

/** A body that can't be made now, because URLs can't be signed, counts as a failed try. */
async function post(
  options: DeliverOptions,
  event: EndEvent,
  to: { readonly url: string; readonly state: JobState },
  delivery: Delivery,
): Promise<PostOutcome> {
  const parent = extractContext(delivery.properties);
  try {
    return await withSpan('webhook deliver', { kind: 'client', parent }, async () => {
      const message = webhookMessage(event, await options.render(to.state), options.sign, options.clock());
      return options.post(to.url, message);
    });
  } catch (error) {
    return { done: false, again: true, reason: String(error), afterMs: 0 };
  }
}

async function abandon(
  options: DeliverOptions,
  event: EndEvent,
  reason: string,
  delivery: Delivery,
): Promise<void> {
  options.metrics?.calls.inc({ outcome: 'abandoned' });
  const { id: jobId, tenant, kind } = event;
  options.log.error({ jobId, tenant, kind }, `webhook given up: ${reason}`);
  await delivery.ack();
}
