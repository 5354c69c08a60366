import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Caller, RefusedError } from './caller.ts';
import type { Promised, Promises, Status } from './promises.ts';

const IMAGE_CLIENTS = 5;
const STEPS = 3;
const POLL_MS = 50;
/** Between a client's jobs. */
const THINK_MS = 30;
/** A worker may have a job before its client has the answer. */
const ANSWERED_MS = 30_000;
const ENDS: ReadonlySet<string> = new Set<Status>(['completed', 'dead', 'cancelled']);

interface ImageWishes {
  readonly steps?: number;
  readonly priority?: 'high';
  /** To be called when it has ended. */
  readonly webhook?: string;
}

interface Shown {
  readonly status: string;
}

/**
 * Clients that post a job, poll it until its end and post the next: five with images, one with completions in the
 * background. Each request carries an Idempotency-Key, so that sending it again is safe.
 */
export class Load {
  readonly #caller: Caller;
  readonly #promises: Promises;
  readonly #stopped = new AbortController();
  readonly #given = new AbortController();
  readonly #clients: Promise<void>[] = [];

  constructor(caller: Caller, promises: Promises) {
    this.#caller = caller;
    this.#promises = promises;
  }

  start(): void {
    for (let client = 0; client < IMAGE_CLIENTS; client++) {
      this.#clients.push(this.#work(() => this.image(`a red circle ${randomUUID()}`)));
    }
    this.#clients.push(this.#work(() => this.#completion()));
  }

  /** Posts one image of this prompt; resolves once it was promised. */
  async image(prompt: string, { steps = STEPS, webhook, priority }: ImageWishes = {}): Promise<Promised> {
    const seed = Math.floor(Math.random() * 2 ** 24);
    const generation_settings = { prompt, seed, steps, width: 64, height: 64 };
    // JSON leaves out what is undefined
    const body = { generation_settings, webhook_url: webhook, priority };
    const { id } = (await this.#post('/images/', body)) as { id: string };
    return this.#promised({ id, kind: 'txt2img', prompt, acceptedMs: performance.now() });
  }

  /** Takes a job back, unless it has ended already. */
  async cancel(job: Promised): Promise<void> {
    await this.#caller.call(`/images/${job.id}/`, { method: 'DELETE' }, this.#given.signal, [409]);
  }

  /** Brings a dead letter back, and polls until its second life has come to a good end. */
  async redrive(job: Promised): Promise<void> {
    const path = `/dead-letters/${job.id}/redrive`;
    // a replica that was asked before it died has brought it back already
    await this.#caller.call(path, { method: 'POST' }, this.#given.signal, [409]);
    delete job.end;
    while ((await this.#statusOf(job)) !== 'completed') await sleep(POLL_MS);
    job.end = { status: 'completed', seenMs: performance.now() };
  }

  /** Polls until the job has ended. */
  async ended(job: Promised): Promise<Status> {
    for (;;) {
      const status = await this.#statusOf(job);
      if (ENDS.has(status)) {
        job.end ??= { status: status as Status, seenMs: performance.now() };
        return job.end.status;
      }
      await sleep(POLL_MS, undefined, { signal: this.#given.signal });
    }
  }

  /** Polls a job that was promised to whomever. */
  async endOf(id: string): Promise<Status> {
    const find = () => this.#promises.all.find((promised) => promised.id === id);
    await this.until(() => find() !== undefined, ANSWERED_MS, `${id} to be promised`);
    return this.ended(find() as Promised);
  }

  /** Images that a client has seen completed, of the whole run. */
  get completedImages(): number {
    return this.#promises.all.filter(({ kind, end }) => kind === 'txt2img' && end?.status === 'completed')
      .length;
  }

  /** Until that many more jobs have completed than when it was asked. */
  async completes(count: number, withinMs: number): Promise<void> {
    const completed = () => this.#promises.all.filter(({ end }) => end?.status === 'completed').length;
    const wanted = completed() + count;
    await this.until(() => completed() >= wanted, withinMs, `${count} more jobs to complete`);
  }

  /** Until a job is completed that was accepted after `sinceMs`; resolves with how long after that it was. */
  async recovers(sinceMs: number, withinMs: number): Promise<number> {
    const first = () =>
      this.#promises.all.find(({ acceptedMs, end }) => acceptedMs > sinceMs && end?.status === 'completed');
    await this.until(() => first() !== undefined, withinMs, 'a job accepted after the fault to complete');
    return (first()?.end?.seenMs ?? 0) - sinceMs;
  }

  /** No new jobs; resolves once all that were promised have ended, or `withinMs` are over. */
  async stop(withinMs: number): Promise<void> {
    this.#stopped.abort();
    const late = setTimeout(() => this.#given.abort(), withinMs);
    await Promise.all([
      ...this.#clients,
      ...this.#promises.open().map((job) => this.ended(job).catch(() => undefined)),
    ]);
    clearTimeout(late);
  }

  async #work(post: () => Promise<Promised>): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      try {
        await this.ended(await post());
      } catch (error) {
        if (this.#given.signal.aborted) return;
        // it was noted where it came
        if (!(error instanceof RefusedError)) throw error;
      }
      await sleep(THINK_MS);
    }
  }

  async #statusOf({ kind, id }: Promised): Promise<string> {
    const path = kind === 'txt2img' ? `/images/${id}/` : `/v1/completions/${id}`;
    return ((await this.#caller.call(path, {}, this.#given.signal)) as Shown).status;
  }

  async #completion(): Promise<Promised> {
    const prompt = `def ${randomUUID()}():`;
    const body = { model: 'mock', prompt, background: true };
    const { id } = (await this.#post('/v1/completions', body)) as { id: string };
    return this.#promised({ id, kind: 'completion', prompt, acceptedMs: performance.now() });
  }

  #post(path: string, body: object): Promise<unknown> {
    const headers = { 'content-type': 'application/json', 'idempotency-key': randomUUID() };
    return this.#caller.call(
      path,
      { method: 'POST', headers, body: JSON.stringify(body) },
      this.#given.signal,
    );
  }

  #promised(job: Promised): Promised {
    this.#promises.all.push(job);
    return job;
  }

  /** @throws Error when it does not come to hold in time. */
  async until(holds: () => boolean, withinMs: number, what: string): Promise<void> {
    const endMs = performance.now() + withinMs;
    while (!holds()) {
      if (performance.now() > endMs) throw new Error(`waited ${withinMs} ms in vain for ${what}`);
      await sleep(10);
    }
  }
}
