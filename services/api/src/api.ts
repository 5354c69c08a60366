import { randomInt } from 'node:crypto';
import { ModelCatalogue } from '@genfleet/catalogue';
import type { Queue } from '@genfleet/client';
import type { JobState, Kind } from '@genfleet/job';
import { statusOf } from '@genfleet/job';
import type { Board } from '@genfleet/scheduling';
import { createRegistry } from '@genfleet/telemetry';
import type { Request } from 'express';
import { Feedback } from './completions/feedback.ts';
import { Sessions } from './completions/sessions.ts';
import { JobListeners } from './feeds/job-listeners.ts';
import { ProgressFeed } from './feeds/progress-feed.ts';
import type { TextFeed } from './feeds/text-feed.ts';
import { ArtifactLinks } from './jobs/artifact-links.ts';
import { estimateWaitMs } from './jobs/estimate.ts';
import { followLine } from './jobs/fleet-line.ts';
import { Forecasts } from './jobs/forecasts.ts';
import { PastReads } from './jobs/past-reads.ts';
import { Publisher } from './jobs/publisher.ts';
import { QueueBound } from './jobs/queue-bound.ts';
import type { WebhookPolicy } from './jobs/request.ts';
import { type ApiMetrics, createApiMetrics } from './metrics.ts';
import type { ApiOptions } from './options.ts';
import type { RenderContext } from './render-image.ts';

const PUBLISH_TIMEOUT_MS = 10_000;
const CATCH_UP_MS = 2_000;
const HEARTBEAT_MS = 15_000;
const SEEDS = 2 ** 32;

/** What every route works with: one per running API. */
export interface Api {
  readonly options: ApiOptions;
  readonly publisher: Publisher;
  /** Jobs older than the views, from the ledger; undefined where there is none to ask. */
  readonly past: PastReads | undefined;
  readonly catalogue: ModelCatalogue;
  readonly progress: ProgressFeed;
  readonly texts: TextFeed;
  readonly sessions: Sessions;
  readonly feedback: Feedback;
  readonly queues: Readonly<Record<Kind, QueueBound>>;
  /** The lines as the workers see them. */
  readonly boards: Readonly<Record<Kind, Board>>;
  readonly forecasts: Readonly<Record<Kind, Forecasts>>;
  readonly links: ArtifactLinks;
  readonly metrics: ApiMetrics;
  readonly webhooks: WebhookPolicy;
  readonly newSeed: () => number;
  readonly catchUpMs: number;
  readonly heartbeatMs: number;
  /** Aborts when the service stops: ends waits and streams. */
  readonly stopping: AbortSignal;
  /** Idempotency keys that are being admitted, so that two equal requests wait for each other. */
  readonly admitting: Map<string, Promise<unknown>>;
}

export function createApi(options: ApiOptions, stopping: AbortSignal): Api {
  const { bus, views, artifacts, config, clock, ledger, log } = options;
  const catalogue = new ModelCatalogue(config.MODELS, clock);
  const metrics = createApiMetrics(options.registry ?? createRegistry(), views, catalogue);
  return {
    options,
    publisher: new Publisher(bus, options.publishTimeoutMs ?? PUBLISH_TIMEOUT_MS),
    past: ledger && new PastReads({ ledger, views, log, clock }),
    catalogue,
    progress: new ProgressFeed(),
    texts: new JobListeners(),
    sessions: new Sessions(views.completion, stopping),
    queues: {
      txt2img: new QueueBound(views.txt2img, config.MAX_QUEUED_JOBS, clock),
      completion: new QueueBound(views.completion, config.MAX_QUEUED_JOBS, clock),
    },
    boards: {
      txt2img: followLine({ kind: 'txt2img', view: views.txt2img, log, clock, stopping }),
      completion: followLine({ kind: 'completion', view: views.completion, log, clock, stopping }),
    },
    forecasts: {
      txt2img: new Forecasts(views.txt2img, clock, stopping),
      completion: new Forecasts(views.completion, clock, stopping),
    },
    links: new ArtifactLinks(artifacts, config.ARTIFACT_URL_TTL_SECONDS, clock),
    metrics,
    feedback: new Feedback(metrics.feedback),
    webhooks: { isOn: config.WEBHOOK_SECRET !== undefined, allowPrivate: config.WEBHOOK_ALLOW_PRIVATE },
    newSeed: options.newSeed ?? (() => randomInt(SEEDS)),
    catchUpMs: options.catchUpMs ?? CATCH_UP_MS,
    heartbeatMs: options.heartbeatMs ?? HEARTBEAT_MS,
    stopping,
    admitting: new Map(),
  };
}

/** `baseUrl` is how the reader of the answer reaches this API. */
export function renderContext(api: Api, baseUrl: string): RenderContext {
  return {
    urlOf: (key) => api.links.url(key, baseUrl),
    read: async (key) => (await api.options.artifacts.get(key)).bytes,
    queueOf: (state) => queueOf(api, state),
    stepOf: (state) => {
      if (statusOf(state) !== 'running') return null;
      const step = api.progress.latest(state.id);
      if (!step || step.redrive !== state.redrive) return null;
      return { attempt: step.attempt, step: step.step, steps: step.steps };
    },
  };
}

/** The address the client used, unless a public one is configured. */
export function baseUrlOf(api: Api, req: Request): string {
  const { PUBLIC_URL, HOST, PORT } = api.options.config;
  if (PUBLIC_URL !== undefined) return PUBLIC_URL.replace(/\/$/, '');
  return `http://${req.headers.host ?? `${HOST}:${PORT}`}`;
}

function queueOf(api: Api, state: JobState): Queue | null {
  const status = statusOf(state);
  if ((status !== 'queued' && status !== 'retrying') || !state.request) return null;
  const { kind } = state.request;
  // the line of the view does not reach back to it
  if (api.past?.isBeyondView(kind, state.id)) return null;
  const model = api.catalogue.resolve(state.request.settings.model);
  const position = api.options.views[kind].position(state.id);
  const [waitMs, said] = waitOf(api, state, position, model) ?? [];
  return {
    position,
    estimated_wait_seconds: waitMs === undefined ? null : secondsOf(said?.medianMs ?? waitMs),
    estimated_wait_range_seconds: said ? [secondsOf(said.lowMs), secondsOf(said.highMs)] : null,
  };
}

/** A rough forecast in ms, and what it means by how the last ones came out; undefined before the model's first run. */
function waitOf(api: Api, state: JobState, position: number, model: string) {
  const { kind, not_before: notBefore } = state.request ?? {};
  if (!kind) return undefined;
  const { views, clock } = api.options;
  const meanRunMs = views[kind].meanRunMs(model);
  if (meanRunMs === undefined) return undefined;
  const board = api.boards[kind];
  const standing = board.standing(state.id);
  const turnMs = board.costs.turnMs ?? meanRunMs;
  const waitMs = estimateWaitMs({
    // in the order that workers choose in, where that is known
    ahead: standing?.ahead ?? position,
    running: api.queues[kind].running(),
    workers: api.catalogue.workers(model),
    turnMs,
    notBeforeMs: notBefore === undefined ? 0 : Math.max(0, Date.parse(notBefore) - clock()),
  });
  return [waitMs, api.forecasts[kind].correct(state, standing, { waitMs, turnMs })] as const;
}

/** To a tenth. */
const secondsOf = (ms: number) => Math.round(ms / 100) / 10;
