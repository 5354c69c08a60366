import { setTimeout as sleep } from 'node:timers/promises';
import type { Consumer } from '@genfleet/bus';
import type { ImageResult } from '@genfleet/engine';
import { isTerminal, statusOf } from '@genfleet/job';
import { extractContext, insideSpan, type Span, startSpan } from '@genfleet/telemetry';
import { type Claim, claimRun, type Refused } from './claim.ts';
import { runBatch } from './engine-run.ts';
import { finishRun, settleRefused } from './finish.ts';
import { Inbox } from './inbox.ts';
import type { WorkerOptions } from './options.ts';
import type { Publisher } from './publish.ts';
import { type Run, stopRun, type Waiting } from './run.ts';

/** Runs whose pictures are on their way to the store while the engine goes on; the engine waits beyond that. */
const FINISHING_LIMIT = 4;
/** From this share of a run on, the next job is fetched: late enough that an idle worker gets it instead. */
const FETCH_AT_SHARE = 0.7;
/** Runs expected to end within this time count as nearly done from the start. */
const FETCH_AHEAD_MS = 500;
const HEALTH_WAIT_MS = 1_000;

/**
 * Receive, claim, generate, store, publish, acknowledge: the engine takes job n+1 while the outcome of job n
 * is still being stored. One batch is with the engine at a time.
 */
export class Pipeline {
  readonly inbox: Inbox;
  readonly #options: WorkerOptions;
  readonly #publisher: Publisher;
  readonly #stopping = new AbortController();
  readonly #finishing = new Set<Promise<void>>();
  #running: readonly Run[] = [];
  #runEndsSoon = true;
  #engineTrusted = false;
  /** That it is not ready was said; once is enough. */
  #engineReported = false;
  #consumer: Consumer | undefined;
  #loop: Promise<void> | undefined;

  constructor(options: WorkerOptions, publisher: Publisher) {
    this.#options = options;
    this.#publisher = publisher;
    this.inbox = new Inbox(options.log);
  }

  /** Deliveries that may be out at once: one batch running, one waiting, and those being finished. */
  get maxInFlight(): number {
    return 2 * this.#prefetch + FINISHING_LIMIT;
  }

  start(consumer: Consumer): void {
    this.#consumer = consumer;
    this.#loop = this.#work();
  }

  /** Takes nothing new; lets the run end within `graceMs`, then stops it and hands it and the rest back. */
  async drain(graceMs: number): Promise<void> {
    this.#stopping.abort();
    this.#consumer?.pause();
    this.inbox.wake();
    const handBack = setTimeout(() => {
      for (const run of this.#running) stopRun(run, 'draining');
    }, graceMs);
    await this.#loop;
    clearTimeout(handBack);
    await Promise.all(this.#finishing);
    await Promise.allSettled(this.inbox.takeAll().map((waiting) => this.#giveUp(waiting, 0)));
  }

  get #prefetch(): number {
    return this.#options.engine.maxBatchImages > 1 ? this.#options.batchJobs : 1;
  }

  async #work(): Promise<void> {
    const { batchJobs, engine } = this.#options;
    while (!this.#stopping.signal.aborted) {
      this.#regulate();
      await Promise.race([this.inbox.arrival(), aborted(this.#stopping.signal)]);
      if (this.#stopping.signal.aborted) return;
      if (!(await this.#engineReady())) continue;
      const batch = this.inbox.takeBatch({ jobs: batchJobs, images: engine.maxBatchImages });
      const runs = (await Promise.all(batch.map((waiting) => this.#claim(waiting)))).filter(
        (run) => run !== undefined,
      );
      if (runs.length > 0) await this.#run(runs);
      while (this.#finishing.size >= FINISHING_LIMIT) await Promise.race(this.#finishing);
    }
  }

  /** An engine that failed must answer for its health before it costs another job an attempt. */
  async #engineReady(): Promise<boolean> {
    if (this.#engineTrusted) return true;
    try {
      await this.#options.engine.health();
      this.#engineTrusted = true;
      this.#engineReported = false;
      return true;
    } catch (err) {
      if (!this.#engineReported)
        this.#options.log.warn({ err }, 'engine is not ready; jobs wait until it is');
      this.#engineReported = true;
      await sleep(HEALTH_WAIT_MS, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
      return false;
    }
  }

  async #claim(waiting: Waiting): Promise<Run | undefined> {
    const { log } = this.#options;
    const fields = { jobId: waiting.request.id, attempt: waiting.request.attempt };
    const span = spanOf(waiting);
    let result: Claim | Refused;
    try {
      result = await insideSpan(span, () =>
        claimRun(this.#options, this.#publisher, waiting.request, this.#stopping.signal),
      );
    } catch (err) {
      log.error({ ...fields, err }, 'could not claim the job');
      result = { do: 'wait', reason: 'the bus is away' };
    }
    if (result.do === 'run') return this.#begin(waiting, result, span);
    await insideSpan(span, () => settleRefused(this.#options, this.#publisher, waiting, result));
    span.setAttribute('genfleet.decision', result.do).end();
    this.inbox.settled(waiting);
    return undefined;
  }

  #begin(waiting: Waiting, claim: Claim, span: Span): Run {
    const { view, metrics } = this.#options;
    const { attempt, claim: id, startedMs, confirmed } = claim;
    const run: Run = {
      ...waiting,
      attempt,
      claim: id,
      startedMs,
      confirmed,
      abort: new AbortController(),
      span,
    };
    span.setAttribute('genfleet.attempt', attempt);
    void confirmed.then((confirmation) => {
      if (confirmation.do !== 'run') stopRun(run, 'superseded');
    });
    metrics.queueAgeSeconds.observe(
      Math.max(0, startedMs - Date.parse(waiting.request.request_time)) / 1_000,
    );
    const { id: jobId, redrive } = waiting.request;
    view.onChange(
      jobId,
      ({ state }) => {
        if (state.redrive !== redrive || isTerminal(statusOf(state))) stopRun(run, 'cancelled');
      },
      run.abort.signal,
    );
    return run;
  }

  async #run(runs: readonly Run[]): Promise<void> {
    const { engine, metrics, engineIdleTimeoutMs, now, view } = this.#options;
    this.#running = runs;
    const expectedMs = view.meanRunMs(runs[0]?.request.settings.model ?? '') ?? Number.POSITIVE_INFINITY;
    this.#runEndsSoon = expectedMs < FETCH_AHEAD_MS;
    this.#regulate();
    const onShare = (share: number) => {
      this.#runEndsSoon ||= share >= FETCH_AT_SHARE;
      this.#regulate();
    };
    const startMs = performance.now();
    const results = await runBatch(
      { engine, publisher: this.#publisher, idleTimeoutMs: engineIdleTimeoutMs, now, onShare },
      runs,
    );
    metrics.engineBusySeconds.inc((performance.now() - startMs) / 1_000);
    this.#running = [];
    this.#runEndsSoon = true;
    for (const [index, run] of runs.entries()) this.#finish(run, results[index]);
  }

  #finish(run: Run, result: ImageResult | undefined): void {
    if (!result) return;
    if (!result.ok && result.error.retryable && !run.abort.signal.aborted) this.#engineTrusted = false;
    if (result.ok && result.modelLoadMs > 0) this.#options.metrics.modelLoads.inc({ model: result.model });
    const stored = insideSpan(run.span, () => finishRun(this.#options, this.#publisher, run, result));
    const done: Promise<void> = stored.finally(() => {
      run.span.end();
      // ends the watch on the job's events
      run.abort.abort('cancelled');
      this.inbox.settled(run);
      this.#finishing.delete(done);
      this.#regulate();
    });
    this.#finishing.add(done);
  }

  async #giveUp(waiting: Waiting, delayMs: number): Promise<void> {
    await Promise.allSettled(waiting.deliveries.map((delivery) => delivery.nack(delayMs)));
    this.inbox.settled(waiting);
  }

  /** Asks the bus for more only when it can be run soon, so that waiting jobs stay where any worker can get them. */
  #regulate(): void {
    this.#options.metrics.inFlight.set(this.inbox.unsettled);
    if (this.#stopping.signal.aborted) return;
    if (this.#runEndsSoon && this.inbox.waiting < this.#prefetch) this.#consumer?.resume();
    else this.#consumer?.pause();
  }
}

/** The worker's part of the trace that began with the request. */
function spanOf(waiting: Waiting): Span {
  const { id, kind, settings } = waiting.request;
  return startSpan('job.run', {
    kind: 'consumer',
    parent: extractContext(waiting.deliveries[0]?.properties ?? {}),
    attributes: { 'genfleet.job_id': id, 'genfleet.kind': kind, 'genfleet.model': settings.model },
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
