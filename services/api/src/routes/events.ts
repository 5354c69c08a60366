import {
  isTerminal,
  type JobState,
  type Kind,
  type ProgressEvent,
  statusOf,
  type TextEvent,
} from '@genfleet/job';
import type { Request, Response } from 'express';
import { type Api, baseUrlOf, renderContext } from '../api.ts';
import { goneSignal } from '../http/gone-signal.ts';
import { unavailable } from '../http/problem.ts';
import { sendProblem } from '../http/respond.ts';
import { SseStream } from '../http/sse.ts';
import { seekerOf } from '../jobs/asker.ts';
import { findJob } from '../jobs/find-job.ts';
import {
  comparePlace,
  eventIdOf,
  type Milestone,
  milestonesOf,
  type Place,
  parseEventId,
} from '../jobs/milestones.ts';
import type { RenderContext } from '../render-image.ts';
import { renderJob } from '../render-job.ts';

const MAX_STREAMS = 2_000;
const BEFORE_ALL: Place = [-1, 0, 0];
/** Under which name the last event carries the job. */
const NOUN: Record<Kind, string> = { txt2img: 'image', completion: 'completion' };

/**
 * `GET /images/{id}/events`: what happened to the job, what happens, and its end. After the terminal event the
 * stream ends, and a client that comes back with its id is told 204, which stops a browser's EventSource.
 */
export function streamImageEvents(api: Api, req: Request, res: Response): Promise<void> {
  return streamEvents(api, req, res, 'txt2img');
}

/** `GET /v1/completions/{id}/events`: the same for a completion, with its text as it comes. */
export function streamCompletionEvents(api: Api, req: Request, res: Response): Promise<void> {
  return streamEvents(api, req, res, 'completion');
}

async function streamEvents(api: Api, req: Request, res: Response, kind: Kind): Promise<void> {
  const found = await findJob(api, kind, String(req.params['id']), seekerOf(api, req, res));
  if (!found.ok) return sendProblem(req, res, found.problem);
  const last = parseEventId(String(req.headers['last-event-id'] ?? '')) ?? BEFORE_ALL;
  const isOver = isTerminal(statusOf(found.job)) && after(last, found.job).length === 0;
  if (isOver || req.method === 'HEAD') {
    res.writeHead(isOver ? 204 : 200).end();
    return;
  }
  if (api.metrics.openStreams() >= MAX_STREAMS) {
    return sendProblem(req, res, unavailable(`${MAX_STREAMS} event streams are open already`, 5));
  }
  const gone = goneSignal(res, api.stopping);
  const feed = new JobFeed(api, kind, new SseStream(res), renderContext(api, baseUrlOf(api, req)), last);
  feed.follow(found.job, gone);
}

function after(last: Place, state: JobState): Milestone[] {
  return milestonesOf(state).filter(({ place }) => comparePlace(place, last) > 0);
}

/** One client's stream of one job. */
class JobFeed {
  readonly #api: Api;
  readonly #kind: Kind;
  readonly #stream: SseStream;
  readonly #ctx: RenderContext;
  #last: Place;
  #hasEnded = false;

  constructor(api: Api, kind: Kind, stream: SseStream, ctx: RenderContext, last: Place) {
    this.#api = api;
    this.#kind = kind;
    this.#stream = stream;
    this.#ctx = ctx;
    this.#last = last;
  }

  /** `found` is the job as it was found: the view has no other where it is older than that. */
  follow(found: JobState, gone: AbortSignal): void {
    const { id } = found;
    const view = this.#api.options.views[this.#kind];
    const closeStream = this.#api.metrics.streamOpened();
    const heartbeat = setInterval(() => this.#beat(id), this.#api.heartbeatMs);
    gone.addEventListener(
      'abort',
      () => {
        clearInterval(heartbeat);
        closeStream();
        this.#stream.end();
      },
      { once: true },
    );
    view.onChange(id, ({ state }) => this.#changed(state), gone);
    if (this.#kind === 'txt2img') {
      this.#api.progress.onProgress(id, (progress) => this.#stepped(progress), gone);
    } else this.#api.texts.add(id, (text) => this.#written(text), gone);
    // read again after subscribing: nothing can fall in between
    this.#changed(view.job(id) ?? found);
  }

  #changed(state: JobState): void {
    for (const milestone of after(this.#last, state)) {
      if (this.#hasEnded) return;
      this.#last = milestone.place;
      const eventId = eventIdOf(milestone.place);
      switch (milestone.type) {
        case 'queued':
          this.#stream.send('queued', { ...milestone.data, queue: this.#ctx.queueOf(state) }, eventId);
          break;
        case 'started':
        case 'retrying':
          this.#stream.send(milestone.type, milestone.data, eventId);
          break;
        default:
          this.#hasEnded = true;
          void this.#end(milestone.type, state, eventId);
      }
    }
  }

  async #end(type: 'completed' | 'dead' | 'cancelled', state: JobState, eventId: string): Promise<void> {
    try {
      const job = await renderJob(state, this.#ctx);
      this.#stream.send(type, { id: state.id, [NOUN[this.#kind]]: job }, eventId);
    } catch (err) {
      // without its last event the client comes back and asks again
      this.#api.options.log.warn({ jobId: state.id, err }, 'could not render the end of a job');
    }
    this.#stream.end();
  }

  #stepped(progress: ProgressEvent): void {
    if (this.#hasEnded || progress.redrive < this.#last[0]) return;
    const { id, attempt, step, steps, preview } = progress;
    this.#stream.send('progress', {
      id,
      attempt,
      step,
      steps,
      ...(preview === undefined ? {} : { preview }),
    });
  }

  /** Pieces carry their number: who comes late, or misses one, sees that and takes the whole text at the end. */
  #written({ id, attempt, seq, deltas, redrive }: TextEvent): void {
    if (this.#hasEnded || redrive < this.#last[0]) return;
    this.#stream.send('text', { id, attempt, seq, choices: deltas });
  }

  /** A job that waits is told its place again; it carries no id, since nothing happened to the job. */
  #beat(id: string): void {
    const state = this.#api.options.views[this.#kind].job(id);
    const queue = state && !this.#hasEnded ? this.#ctx.queueOf(state) : null;
    if (!state?.request || !queue) {
      this.#stream.heartbeat();
      return;
    }
    const { attempt, request_time: time } = state.request;
    this.#stream.send('queued', { id, attempt, time, queue });
  }
}
