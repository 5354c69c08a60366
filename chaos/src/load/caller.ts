import { setTimeout as sleep } from 'node:timers/promises';
import type { Receipt } from '@genfleet/client';
import type { Promises } from './promises.ts';

const AGAIN_MS = 100;
/** An answer that takes longer is given up as a broken connection is. */
const ANSWER_MS = 20_000;
const RETRIED: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** An answer that says neither yes nor `come again`. */
export class RefusedError extends Error {}

/**
 * Calls the API as a careful client does: at whichever replica answers, again after a broken connection or when it is
 * told to come again, until it has an answer or the signal ends it. All other refusals are noted, and thrown.
 */
export class Caller {
  readonly #urls: readonly string[];
  readonly #headers: Readonly<Record<string, string>>;
  readonly #promises: Promises;
  #next = 0;

  constructor(urls: readonly string[], headers: Readonly<Record<string, string>>, promises: Promises) {
    this.#urls = urls;
    this.#headers = headers;
    this.#promises = promises;
  }

  /** @param fine statuses of refusals that are answers as well, read as undefined. */
  async call(
    path: string,
    init: RequestInit,
    signal: AbortSignal,
    fine: readonly number[] = [],
  ): Promise<unknown> {
    for (;;) {
      signal.throwIfAborted();
      const answer = await this.#once(path, init, signal, fine);
      if (answer.ok) return answer.body;
      await sleep(AGAIN_MS, undefined, { signal });
    }
  }

  async #once(path: string, init: RequestInit, signal: AbortSignal, fine: readonly number[]) {
    const url = `${this.#urls[this.#next++ % this.#urls.length]}${path}`;
    const headers = { ...this.#headers, ...(init.headers as Record<string, string>) };
    const within = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
    let status: number;
    let text: string;
    try {
      const response = await fetch(url, { ...init, headers, signal: within });
      ({ status } = response);
      text = await response.text();
      const receipt = response.headers.get('genfleet-receipt');
      if (response.ok && receipt) this.#promises.receipts.push(JSON.parse(receipt) as Receipt);
    } catch {
      if (!signal.aborted) this.#promises.resets += 1;
      return { ok: false } as const;
    }
    if (status < 300) return { ok: true, body: JSON.parse(text) as unknown } as const;
    if (fine.includes(status)) return { ok: true, body: undefined } as const;
    if (!RETRIED.has(status)) {
      const said = `${init.method ?? 'GET'} ${path}: ${status} ${text.slice(0, 200)}`;
      this.#promises.refused.push(said);
      throw new RefusedError(said);
    }
    this.#promises.busy += 1;
    return { ok: false } as const;
  }
}
