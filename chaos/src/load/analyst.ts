import { setTimeout as sleep } from 'node:timers/promises';

/** For a question; a Trino that has just been started takes longer for its first. */
const PATIENCE_SECONDS = { usual: 8, first: 90 };
/** Beyond its time, for an answer to come on a busy machine. */
const LATE_MS = 4_000;
const PAUSE_MS = 100;
/** What a question that can't be answered is answered with. */
const REFUSALS: ReadonlySet<number> = new Set([503, 504]);

interface Rows {
  readonly rows: readonly (readonly unknown[])[];
}

/**
 * Asks every replica of the API how many images were completed, again and again. A question has an answer, or a refusal that
 * says why, in its time; what is anything else is a fault.
 */
export class Analyst {
  readonly #headers: Readonly<Record<string, string>>;
  readonly #stopped = new AbortController();
  #patienceSeconds = PATIENCE_SECONDS.first;
  readonly #asking: readonly Promise<void>[];
  readonly #counts: { readonly count: number; readonly askedMs: number }[] = [];
  readonly faults: string[] = [];
  failures = 0;

  constructor(urls: readonly string[], headers: Readonly<Record<string, string>>) {
    this.#headers = headers;
    this.#asking = urls.map((url) => this.#ask(url));
  }

  /** From now on an answer is to come within the usual time. */
  hurry(): void {
    this.#patienceSeconds = PATIENCE_SECONDS.usual;
  }

  /** Resolves once a question that is asked from now on has been answered with so many at least. @throws Error when none is. */
  async answered(withinMs: number, count = 0): Promise<void> {
    const sinceMs = performance.now();
    for (;;) {
      const since = this.#counts.filter(({ askedMs }) => askedMs > sinceMs);
      if (since.some((answer) => answer.count >= count)) return;
      if (performance.now() - sinceMs > withinMs) {
        const most = since.at(-1)?.count;
        throw new Error(
          `sql: waited ${withinMs} ms in vain for ${count} completed images; last seen: ${most}`,
        );
      }
      await sleep(PAUSE_MS);
    }
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await Promise.all(this.#asking);
  }

  async #ask(url: string): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      const askedMs = performance.now();
      const seconds = this.#patienceSeconds;
      try {
        await this.#once(url, askedMs, seconds);
      } catch (error) {
        if (!this.#stopped.signal.aborted) this.faults.push(`no answer: ${(error as Error).message}`);
      }
      const tookMs = performance.now() - askedMs;
      if (tookMs > seconds * 1_000 + LATE_MS) this.faults.push(`an answer took ${Math.round(tookMs)} ms`);
      await sleep(PAUSE_MS);
    }
  }

  async #once(url: string, askedMs: number, seconds: number): Promise<void> {
    const sql = 'select count(distinct id) as images from completed_txt2img_generation';
    const response = await fetch(`${url}/ledger/query`, {
      method: 'POST',
      headers: { ...this.#headers, 'content-type': 'application/json' },
      body: JSON.stringify({ sql, timeout_seconds: seconds }),
      signal: this.#stopped.signal,
    });
    const body: unknown = await response.json();
    if (response.ok) {
      this.#counts.push({ count: Number((body as Rows).rows[0]?.[0]), askedMs });
      return;
    }
    this.failures += 1;
    const { detail } = body as { readonly detail?: string };
    if (!REFUSALS.has(response.status) || !detail) {
      this.faults.push(`${response.status} ${JSON.stringify(body).slice(0, 200)}`);
    }
  }
}
