import {
  decideCancel,
  decideRedrive,
  decideRequest,
  type ImageRequest,
  imageRequestSchema,
  type JobEvent,
  type JobState,
  statusOf,
} from '@genfleet/job';
import type { LocalView } from '@genfleet/ledger';
import type { Api } from '../../../services/api/src/api.ts';
import { admit } from '../../../services/api/src/jobs/admit.ts';
import { type Published, Publisher } from '../../../services/api/src/jobs/publisher.ts';
import { QueueBound } from '../../../services/api/src/jobs/queue-bound.ts';
import type { Incarnation } from './incarnation.ts';
import { jobIdAt } from './job-ids.ts';
import type { World } from './world.ts';

const PUBLISH_TIMEOUT_MS = 10_000;
const CATCH_UP_MS = 2_000;
const MAX_QUEUED_JOBS = 1_000;
const TENANT = 'default';

/** The part of the API that admission works with. */
type Admitting = Pick<Api, 'options' | 'publisher' | 'queues' | 'catchUpMs' | 'admitting'>;

/** What a client reads of an answer. */
export type Answer =
  | { readonly status: 202 | 200; readonly id: string; readonly receipt: Published | undefined }
  | { readonly status: 404 | 409 | 422 | 503 };

/** The decisions of one replica of the API over its own view: what its routes do, without HTTP around it. */
export class ApiProcess {
  readonly view: LocalView;
  readonly #admitting: Admitting;
  readonly #now: () => number;

  private constructor(admitting: Admitting, view: LocalView, now: () => number) {
    this.#admitting = admitting;
    this.view = view;
    this.#now = now;
  }

  static async start(world: World, owner: Incarnation): Promise<ApiProcess> {
    const { bus, store, view, log, now } = await world.surround(owner);
    const { mutant } = world.options;
    const views = { txt2img: view, completion: view };
    const queue = new QueueBound(view, MAX_QUEUED_JOBS, now);
    const newId = (nowMs: number) => jobIdAt(nowMs, world.scheduler.random);
    const options = { bus, views, artifacts: store, log, clock: now, newId } as Partial<Api['options']>;
    const admitting: Admitting = {
      options: options as Api['options'],
      publisher: new Publisher(mutant?.apiBus?.(bus) ?? bus, PUBLISH_TIMEOUT_MS),
      queues: { txt2img: queue, completion: queue },
      catchUpMs: CATCH_UP_MS,
      admitting: new Map(),
    };
    return new ApiProcess(admitting, view, now);
  }

  /** `POST /images/` */
  async create(body: unknown, key: string | undefined): Promise<Answer> {
    const request: ImageRequest = imageRequestSchema.parse(body);
    const admissible = {
      kind: 'txt2img',
      tenant: 'default',
      body: request,
      make: (admission: Omit<Parameters<typeof decideRequest>[1], 'seed'>) =>
        decideRequest(request, { ...admission, tenant: TENANT, seed: 1 }),
    } as const;
    const admitted = await admit(this.#admitting as Api, admissible, key);
    if (!admitted.ok) return { status: admitted.problem.status === 503 ? 503 : 422 };
    return { status: 202, id: admitted.id, receipt: admitted.receipt };
  }

  /** `DELETE /images/{id}` */
  async cancel(id: string): Promise<Answer> {
    const state = await this.read(id);
    if (!state) return { status: 404 };
    const event = decideCancel(state, this.#now(), 'Cancelled by the client');
    if ('refused' in event) return { status: 409 };
    const receipt = await this.#publish(event);
    const now = this.view.job(id);
    return { status: now && statusOf(now) === 'cancelled' ? 200 : 202, id, receipt };
  }

  /** `POST /dead-letters/{id}/redrive` */
  async redrive(id: string): Promise<Answer> {
    const state = await this.read(id);
    if (!state) return { status: 404 };
    const event = decideRedrive(state);
    if ('refused' in event) return { status: 409 };
    return { status: 202, id, receipt: await this.#publish(event) };
  }

  /** `GET /images/{id}` */
  async read(id: string): Promise<JobState | undefined> {
    if (!this.view.job(id)?.request) await this.view.caughtUp(CATCH_UP_MS);
    return this.view.job(id);
  }

  async #publish(event: JobEvent): Promise<Published> {
    const published = await this.#admitting.publisher.publish(event);
    await this.view.applied(published.topic, published.messageId, CATCH_UP_MS);
    return published;
  }
}
