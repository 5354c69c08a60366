import type { CancelledEvent, CompletedEvent, DeadEvent, JobEvent, Kind } from '@genfleet/job';
import { GenfleetError } from '@genfleet/job';
import { Webhook } from 'standardwebhooks';

/** The events that end a job. */
export type EndEvent = CompletedEvent | DeadEvent | CancelledEvent;

export function endsJob(event: JobEvent): event is EndEvent {
  return event.type === 'completed' || event.type === 'dead' || event.type === 'cancelled';
}

const NOUN: Record<Kind, string> = { txt2img: 'image', completion: 'completion' };
const VERB: Record<EndEvent['type'], string> = {
  completed: 'completed',
  dead: 'failed',
  cancelled: 'cancelled',
};

export type Sign = (id: string, sentAt: Date, body: string) => string;

/**
 * Signs with a secret of the form `whsec_` and base64.
 * @throws GenfleetError `invalid_configuration` when it has another form.
 */
export function signerOf(secret: string): Sign {
  try {
    const webhook = new Webhook(secret);
    return (id, sentAt, body) => webhook.sign(id, sentAt, body);
  } catch (cause) {
    throw new GenfleetError('invalid_configuration', 'WEBHOOK_SECRET is not `whsec_` and base64', { cause });
  }
}

/** What is sent for one end of a job. */
export interface WebhookMessage {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * The body and the signed headers, as https://www.standardwebhooks.com lays them down. The id depends on the job
 * and its life alone: a receiver that sees it twice has the same event twice. `secret` is `whsec_` and base64.
 */
export function webhookMessage(event: EndEvent, data: unknown, sign: Sign, nowMs: number): WebhookMessage {
  const type = `${NOUN[event.kind]}.${VERB[event.type]}`;
  const timestamp = event.type === 'completed' ? event.complete_time : event.time;
  const body = JSON.stringify({ type, timestamp, data });
  const id = `msg_${event.id}_${event.redrive}_${event.type}`;
  return {
    body,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'Genfleet-Webhooks/1',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(nowMs / 1_000)),
      'webhook-signature': sign(id, new Date(nowMs), body),
    },
  };
}
