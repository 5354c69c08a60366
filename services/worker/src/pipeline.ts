import { setTimeout as sleep } from 'node:timers/promises';
import type { Consumer, Delivery } from '@genfleet/bus';
import { decideDelivery, type Handed, isFleeting, isTerminal, type Kind, statusOf } from '@genfleet/job';
import { extractContext, insideSpan, type Span, startSpan } from '@genfleet/telemetry';
import {
  AHEAD_RENEWAL_MS,
  type Claim,
  type Confirmation,
  claimRun,
  LATE_CLAIM_MS,
  type Refused,
  renewClaim,
} from './claim.ts';
import type { Craft, Failure, RunResult } from './craft.ts';
import { finishRun, nack, settleRefused } from './finish.ts';
import { Inbox } from './inbox.ts';
import type { Lineup } from './lineup.ts';
import type { WorkerOptions } from './options.ts';
import type { Publisher } from './publish.ts';
import { type Run, stopRun, type Waiting } from './run.ts';
import { runWatched } from './watched-run.ts';

/** Runs whose outcome is on its way to store and bus while the engine goes on; for each slot. Beyond it waits. */
const FINISHING_PER_SLOT = 8;
/** From this share of a run on, the next job is fetched: late enough that an idle worker gets it instead. */
const FETCH_AT_SHARE = 0.7;
/** Runs expected to end within this time count as nearly done from the start. */
const FETCH_AHEAD_MS = 500;
const HEALTH_WAIT_MS = 1_000;
/** Before a job is handed out again whose model this worker lacks. */
const FOR_OTHERS_MS = 250;
/** How often a worker without work looks whether others hold more than they can run. */
const LOOK_AROUND_MS = 1_000;
/** Before another look where others are about to take what is better than what waits here. */
const LOOK_AGAIN_MS = 50;

/**
 * Receive, claim, generate, store, publish, acknowledge: the engine takes job n+1 while the outcome of job n
 * is still being stored. As many batches are with the engine at once as the craft has slots.
 */
export class Pipeline<K extends Kind, Result extends RunResult> {
  readonly #inbox: Inbox<K>;
  readonly #options: WorkerOptions;
  readonly #publisher: Publisher;
  readonly #craft: Craft<K, Result>;
  readonly #lineup: Lineup<K>;
  readonly #stopping = new AbortController();
  /** Batches from their claim to the end of their generation. */
  readonly #batches = new Set<Promise<void>>();
  /** One for each slot that is taken, until the engine takes another batch. */
  readonly #taken = new Set<Promise<void>>();
  readonly #finishing = new Set<Promise<void>>();
  readonly #running = new Set<Run<K>>();
  #runEndsSoon = true;
  /** Whether what was chosen last is to have this process for itself. */
  #isAlone = false;
  /** When the last run ended, by performance.now(). */
  #ranUntilMs = 0;
  #engineTrusted = false;
  /** That it is not ready was said; once is enough. */
  #engineReported = false;
  #consumer: Consumer | undefined;
  #lookAround: NodeJS.Timeout | undefined;
  #loop: Promise<void> | undefined;

  constructor(options: WorkerOptions, publisher: Publisher, craft: Craft<K, Result>, lineup: Lineup<K>) {
    this.#options = options;
    this.#publisher = publisher;
    this.#craft = craft;
    this.#lineup = lineup;
    this.#inbox = new Inbox(craft.kind, options.log, options.now);
  }

  /** Deliveries that may be out at once: in every slot a batch running and one waiting, and those being finished. */
  get maxInFlight(): number {
    return (2 * this.#craft.batchJobs + FINISHING_PER_SLOT) * this.#craft.slots;
  }

  start(consumer: Consumer): void {
    this.#consumer = consumer;
    this.#loop = this.#work();
    this.#lookAround = setInterval(() => {
      if (this.#taken.size < this.#craft.slots && this.#lineup.hasMore) this.#inbox.wake();
    }, LOOK_AROUND_MS).unref();
  }

  /** Takes a delivery in. One of a job that ended long ago, or runs elsewhere, need not wait for the engine. */
  async receive(delivery: Delivery): Promise<void> {
    const refused = await this.#inbox.receive(
      delivery,
      (request) => !this.#refusalOf({ request, messageId: delivery.messageId }),
    );
    const refusal = refused && this.#refusalOf(refused);
    if (refused && refusal) await settleRefused(this.#options, this.#publisher, refused, refusal);
    else if (refused) await nack(refused, 0);
  }

  /** What stands against running it here, as far as is known. A fleeting job is never claimed before it is handed out. */
  #refusalOf(handed: Handed): Refused | undefined {
    const { request } = handed;
    const { view, now, worker } = this.#options;
    const known = isFleeting(request) || !view.ready ? undefined : view.job(request.id);
    const decision = decideDelivery(known, handed, now(), worker);
    if (decision.do === 'drop' || decision.do === 'yield') return decision;
    const isForOthers = decision.do === 'run' && this.#lineup.isForOthers(request.settings.model);
    return isForOthers ? { do: 'yield', untilMs: now() + FOR_OTHERS_MS } : undefined;
  }

  /** Takes nothing new; lets the runs end within `graceMs`, then stops them and hands them and the rest back. */
  async drain(graceMs: number): Promise<void> {
    this.#stopping.abort();
    clearInterval(this.#lookAround);
    this.#lineup.close();
    this.#consumer?.pause();
    this.#inbox.wake();
    const handBack = setTimeout(() => {
      for (const run of this.#running) stopRun(run, 'draining');
    }, graceMs);
    await this.#loop;
    await Promise.all(this.#batches);
    clearTimeout(handBack);
    await Promise.all(this.#finishing);
    const rest = this.#inbox.take((waiting) => waiting);
    await Promise.allSettled(rest.map((waiting) => this.#giveUp(waiting, 0)));
  }

  async #work(): Promise<void> {
    const { slots } = this.#craft;
    while (!this.#stopping.signal.aborted) {
      this.#regulate();
      // `drain` wakes it as well
      await this.#inbox.arrival();
      if (this.#stopping.signal.aborted) return;
      if (!(await this.#engineReady())) continue;
      const chosen = this.#inbox.take((held) => this.#choose(held));
      if (chosen.length === 0) {
        await this.#lookAgain();
        continue;
      }
      this.#lineup.taken(chosen);
      const { promise: free, resolve: release } = Promise.withResolvers<void>();
      const batch = this.#process(chosen, release).finally(() => {
        this.#batches.delete(batch);
        release();
      });
      this.#batches.add(batch);
      this.#taken.add(free);
      void free.then(() => this.#taken.delete(free));
      while (this.#taken.size >= slots) await Promise.race(this.#taken);
      while (this.#batches.size > slots) await Promise.race(this.#batches);
      while (this.#finishing.size >= FINISHING_PER_SLOT * slots) await Promise.race(this.#finishing);
    }
  }

  async #lookAgain(): Promise<void> {
    if (this.#inbox.waiting === 0) return;
    await sleep(LOOK_AGAIN_MS, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }

  /**
   * What to run next, if anything. A job that somebody claimed and nothing more was heard of may have taken that worker's
   * process with it, and do so again: it runs alone, so that it can't cost others all their attempts.
   */
  #choose(held: readonly Waiting<K>[]): readonly Waiting<K>[] {
    const isIdle = this.#batches.size === 0 && this.#finishing.size === 0;
    if (this.#isAlone && !isIdle) return [];
    const best = this.#lineup.best(held);
    const [first] = best;
    this.#isAlone = first !== undefined && this.#wasLost(first);
    if (!first || this.#isAlone) return isIdle ? best.slice(0, 1) : [];
    return this.#craft.choose(best.filter((waiting) => !this.#wasLost(waiting)));
  }

  /** Whether an earlier claim of this attempt has come to nothing. */
  #wasLost({ request }: Waiting<K>): boolean {
    const { view } = this.#options;
    if (isFleeting(request) || !view.ready) return false;
    const state = view.job(request.id);
    return state !== undefined && state.redrive === request.redrive && statusOf(state) === 'running';
  }

  /** Claims a batch and runs what of it is to be run. Never rejects. */
  async #process(batch: readonly Waiting<K>[], release: () => void): Promise<void> {
    const runs = (await Promise.all(batch.map((waiting) => this.#claim(waiting)))).filter(
      (run) => run !== undefined,
    );
    if (runs.length > 0) await this.#run(runs, release);
  }

  /** An engine that failed must answer for its health before it costs another job an attempt. */
  async #engineReady(): Promise<boolean> {
    if (this.#engineTrusted) return true;
    try {
      await this.#craft.engine.health();
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

  async #claim(waiting: Waiting<K>): Promise<Run<K> | undefined> {
    const span = spanOf(waiting);
    const result = await insideSpan(span, () => this.#tryToClaim(waiting));
    if (result.do === 'run') return this.#begin(waiting, result, span);
    await insideSpan(span, () => settleRefused(this.#options, this.#publisher, waiting, result));
    span.setAttribute('genfleet.decision', result.do).end();
    this.#inbox.settled(waiting);
    return undefined;
  }

  async #tryToClaim(waiting: Waiting<K>): Promise<Claim | Refused> {
    try {
      return await claimRun(this.#options, this.#publisher, waiting, this.#stopping.signal);
    } catch (err) {
      const { id: jobId, attempt } = waiting.request;
      this.#options.log.error({ jobId, attempt, err }, 'could not claim the job');
      return { do: 'wait', reason: 'the view can not answer' };
    }
  }

  #begin(waiting: Waiting<K>, claim: Claim, span: Span): Run<K> {
    const { view, metrics } = this.#options;
    const { do: _do, ...claimed } = claim;
    const run: Run<K> = { ...waiting, ...claimed, abort: new AbortController(), span };
    span.setAttribute('genfleet.attempt', claim.attempt);
    const watchClaim = (confirmed: Promise<Confirmation>) => {
      void confirmed.then((confirmation) => {
        if (confirmation.do !== 'run') stopRun(run, 'superseded');
      });
    };
    watchClaim(claim.confirmed);
    const { late } = claim;
    if (late) {
      const timer = setTimeout(() => watchClaim(late()), LATE_CLAIM_MS);
      run.abort.signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
    }
    if (waiting.isAhead) this.#keepAhead(run);
    const ageMs = claim.startedMs - Date.parse(waiting.request.request_time);
    metrics.queueAgeSeconds.observe(Math.max(0, ageMs) / 1_000);
    const { id: jobId, redrive } = waiting.request;
    view.onChange(
      jobId,
      ({ state }) => {
        // a view that is made anew passes through the job's earlier lives
        if (state.redrive < redrive) return;
        if (state.redrive > redrive || isTerminal(statusOf(state))) stopRun(run, 'cancelled');
      },
      run.abort.signal,
    );
    return run;
  }

  #keepAhead(run: Run<K>): void {
    const renewal = setInterval(() => {
      void renewClaim(this.#options, this.#publisher, run).catch((err: unknown) =>
        this.#options.log.warn(
          { jobId: run.request.id, attempt: run.attempt, err },
          'could not renew the claim',
        ),
      );
    }, AHEAD_RENEWAL_MS).unref();
    run.abort.signal.addEventListener('abort', () => clearInterval(renewal), { once: true });
  }

  /** `release` is told when the engine takes another batch, if that is before the end. */
  async #run(runs: readonly Run<K>[], release: () => void): Promise<void> {
    const { metrics, engineIdleTimeoutMs, now, view } = this.#options;
    for (const run of runs) this.#running.add(run);
    const model = runs[0]?.request.settings.model ?? '';
    const expectedMs = view.meanRunMs(model) ?? Number.POSITIVE_INFINITY;
    this.#runEndsSoon = expectedMs < FETCH_AHEAD_MS;
    this.#regulate();
    let isReleased = false;
    const onShare = (share: number) => {
      this.#runEndsSoon ||= share >= FETCH_AT_SHARE;
      if (share >= 1 && this.#craft.queuesNext && !isReleased) {
        isReleased = true;
        this.#lineup.ran(model);
        release();
      }
      this.#regulate();
    };
    const startMs = performance.now();
    const results = await runWatched<K, Result>(
      { idleTimeoutMs: engineIdleTimeoutMs, now, onShare },
      runs,
      (all, watch) => this.#craft.run(all, watch),
    );
    const endMs = performance.now();
    // what waited inside the engine for the run before it did not keep it busy
    const beganMs = this.#craft.queuesNext ? Math.max(startMs, this.#ranUntilMs) : startMs;
    metrics.engineBusySeconds.inc(Math.max(0, endMs - beganMs) / 1_000);
    this.#ranUntilMs = endMs;
    for (const run of runs) this.#running.delete(run);
    // the next may have begun, and tells by itself when it ends
    if (!isReleased) this.#runEndsSoon = true;
    for (const [index, run] of runs.entries()) this.#finish(run, results[index]);
  }

  #finish(run: Run<K>, result: Result | Failure | undefined): void {
    if (!result) return;
    const { metrics } = this.#options;
    if (!result.ok && result.error.retryable && !run.abort.signal.aborted) this.#engineTrusted = false;
    if (result.ok) this.#lineup.ran(result.model);
    if (result.ok && result.modelLoadMs > 0) metrics.modelLoads.inc({ model: result.model });
    const onRubbish = () => {
      this.#engineTrusted = false;
    };
    const finishing = { options: this.#options, publisher: this.#publisher, craft: this.#craft, onRubbish };
    const stored = insideSpan(run.span, () => finishRun(finishing, run, result));
    const done: Promise<void> = stored.finally(() => {
      run.span.end();
      // ends the watch on the job's events
      run.abort.abort('cancelled');
      this.#inbox.settled(run);
      this.#finishing.delete(done);
      this.#regulate();
    });
    this.#finishing.add(done);
  }

  async #giveUp(waiting: Waiting<K>, delayMs: number): Promise<void> {
    await nack(waiting, delayMs).catch(() => undefined);
    this.#inbox.settled(waiting);
  }

  /** Asks the bus for more only when it can be run soon, so that waiting jobs stay where any worker can get them. */
  #regulate(): void {
    this.#options.metrics.inFlight.set(this.#inbox.unsettled);
    if (this.#stopping.signal.aborted) return;
    const { slots, batchJobs } = this.#craft;
    const free = slots - this.#taken.size;
    const wanted = this.#runEndsSoon ? Math.max(free, 1) * batchJobs : free * batchJobs;
    if (this.#inbox.waiting < wanted) this.#consumer?.resume();
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
