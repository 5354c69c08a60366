import { hash } from 'node:crypto';
import { type Admission, decideCancel, type JobState, type Kind, type RequestedEvent } from '@genfleet/job';
import type { View } from '@genfleet/ledger';
import type { Api } from '../api.ts';
import { invalid, type Problem, unavailable } from '../http/problem.ts';
import { firstReceipt } from './first-receipt.ts';
import type { Published } from './publisher.ts';

const QUEUE_FULL_RETRY_SECONDS = 10;
const YIELD_LATER_MS = 60_000;
const KEY = /^[\x21-\x7e]{1,255}$/;

interface NewJob {
  readonly ok: true;
  readonly id: string;
  readonly isReplay: false;
  readonly receipt: Published;
}

export type Admitted =
  | NewJob
  /** An earlier request with the same key made this job; the receipt of that one, if it can be found. */
  | {
      readonly ok: true;
      readonly id: string;
      readonly isReplay: true;
      readonly receipt: Published | undefined;
    }
  | { readonly ok: false; readonly problem: Problem };

interface Idempotency {
  readonly key_sha256: string;
  readonly body_sha256: string;
}

/** A request that was checked and is to become a job. */
export interface Admissible {
  readonly kind: Kind;
  readonly tenant: string;
  /** What a repeated request must have in common with the first, for an `Idempotency-Key`. */
  readonly body: unknown;
  /** The job's first message. */
  make(admission: Omit<Admission, 'seed'>): RequestedEvent;
}

/** Puts a checked request in line: once it resolves with an id, the job is durable. */
export async function admit(api: Api, request: Admissible, key: string | undefined): Promise<Admitted> {
  const queue = api.queues[request.kind];
  if (queue.isFull()) {
    const detail = `The queue is full (${queue.maxQueued} jobs wait)`;
    return { ok: false, problem: unavailable(detail, QUEUE_FULL_RETRY_SECONDS) };
  }
  if (key === undefined) return publishNew(api, request, undefined);
  if (!KEY.test(key)) {
    return {
      ok: false,
      problem: invalid([{ path: 'Idempotency-Key', message: '1 to 255 visible ASCII characters' }]),
    };
  }
  return admitOnce(api, request, {
    key_sha256: hash('sha256', `${request.tenant}\n${key}`),
    body_sha256: hash('sha256', JSON.stringify(request.body)),
  });
}

async function publishNew(
  api: Api,
  request: Admissible,
  idempotency: Idempotency | undefined,
): Promise<NewJob> {
  const { clock, newId } = api.options;
  const nowMs = clock();
  const id = newId(nowMs);
  const admission = {
    id,
    tenant: request.tenant,
    nowMs,
    ...(idempotency ? { idempotency } : {}),
  };
  const receipt = await api.publisher.publish(request.make(admission));
  api.queues[request.kind].admitted();
  // a line per request costs as much as the request: only when asked for
  api.options.log.debug({ jobId: id, tenant: request.tenant }, 'in line');
  return { ok: true, id, isReplay: false, receipt };
}

/** Requests of one key on this replica go one after the other; the rest of the fleet is the ledger's to order. */
async function admitOnce(api: Api, request: Admissible, idempotency: Idempotency): Promise<Admitted> {
  const { key_sha256: key } = idempotency;
  const before = api.admitting.get(key);
  const mine = (async () => {
    await before?.catch(() => undefined);
    return admitAgainstLedger(api, request, idempotency);
  })();
  api.admitting.set(key, mine);
  try {
    return await mine;
  } finally {
    if (api.admitting.get(key) === mine) api.admitting.delete(key);
  }
}

/**
 * The first request with a key in the ledger owns it. A replica that has not read it yet publishes, reads up
 * to its own message, and if another stands before it takes its own job back. Dying in between costs a job
 * that nobody was told of; the retry is given the first one.
 */
async function admitAgainstLedger(
  api: Api,
  request: Admissible,
  idempotency: Idempotency,
): Promise<Admitted> {
  const view = api.options.views[request.kind];
  if (!view.ready && !(await view.caughtUp(api.catchUpMs))) {
    return { ok: false, problem: unavailable('The view is still reading the topics', 1) };
  }
  const earlier = view.jobByIdempotencyKey(idempotency.key_sha256);
  if (earlier) return sameJob(api, earlier, idempotency);
  const admitted = await publishNew(api, request, idempotency);
  const { topic, messageId } = admitted.receipt;
  if (!(await view.applied(topic, messageId, api.catchUpMs))) {
    void yieldLater(api, view, admitted, idempotency.key_sha256);
    const detail =
      'The job was stored, but not read back in time to be sure that the key is new. Send it again.';
    return { ok: false, problem: unavailable(detail, 1) };
  }
  const first = await yieldToFirst(api, view, admitted.id, idempotency.key_sha256);
  return first ? sameJob(api, first, idempotency) : admitted;
}

/** Takes the job back if the key belongs to another one, and gives that one. */
async function yieldToFirst(api: Api, view: View, id: string, key: string): Promise<JobState | undefined> {
  const { clock } = api.options;
  const first = view.jobByIdempotencyKey(key);
  if (!first || first.id === id) return undefined;
  const own = view.job(id);
  const event = own && decideCancel(own, clock(), `Its Idempotency-Key belongs to job ${first.id}`);
  if (event && !('refused' in event)) await api.publisher.publish(event);
  return first;
}

/** The client was told to come again; what it sent meanwhile must not run twice once the view gets there. */
async function yieldLater(
  api: Api,
  view: View,
  { id, receipt }: { id: string; receipt: Published },
  key: string,
) {
  const { log } = api.options;
  try {
    const { topic, messageId } = receipt;
    if (await view.applied(topic, messageId, YIELD_LATER_MS)) await yieldToFirst(api, view, id, key);
  } catch (err) {
    log.warn({ jobId: id, err }, 'a repeated request could not be taken back');
  }
}

async function sameJob(api: Api, { id, request }: JobState, { body_sha256 }: Idempotency): Promise<Admitted> {
  if (request?.idempotency?.body_sha256 === body_sha256) {
    const receipt = await firstReceipt(api.options.bus, request.kind, id);
    return { ok: true, id, isReplay: true, receipt };
  }
  const message = `already used for another request (job ${id})`;
  return { ok: false, problem: invalid([{ path: 'Idempotency-Key', message }]) };
}
