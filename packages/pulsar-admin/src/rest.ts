import { GenfleetError } from '@genfleet/job';
import type { PulsarAddress } from './address.ts';
import type { BrokerClock } from './broker-clock.ts';

const TIMEOUT_MS = 10_000;
/** A broker that does not own the topic sends to the one that does. */
const MAX_REDIRECTS = 5;
const TRIES = 5;
const FIRST_PAUSE_MS = 100;

export interface Answer {
  readonly status: number;
  /** Parsed; undefined for an empty body, the text itself where it is not JSON. */
  readonly body: unknown;
}

export interface Request {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Below `/admin/v2/`. */
  readonly path: string;
  readonly body?: unknown;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

function parse(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Why the broker refused, in its own words. */
export function reasonOf(answer: Answer): string {
  const { body } = answer;
  if (typeof body === 'object' && body !== null && 'reason' in body) return String(body.reason);
  return `status ${answer.status}`;
}

/** Pulsar's admin REST API: one address, one token, bounded in time. */
export class Rest {
  readonly #root: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #shown: string;
  readonly #clock: BrokerClock | undefined;

  /** `clock` is told what time it is by the broker with every answer. */
  constructor(address: PulsarAddress, clock?: BrokerClock) {
    this.#clock = clock;
    this.#root = `${address.adminUrl}/admin/v2/`;
    this.#shown = `the admin API of Pulsar at ${address.adminUrl}`;
    this.#headers = {
      'content-type': 'application/json',
      ...(address.token === undefined ? {} : { authorization: `Bearer ${address.token}` }),
    };
  }

  /**
   * Any answer that isn't a refusal of the caller or a failure of the broker; 404, 409 and their like are for the
   * caller to read. @throws GenfleetError `bus_unavailable`, `bus_unauthorized`.
   */
  async call(request: Request): Promise<Answer> {
    const answer = await this.#fetch(new URL(request.path, this.#root), request, MAX_REDIRECTS);
    if (answer.status === 401)
      throw new GenfleetError('bus_unauthorized', `${this.#shown} refused the token`);
    if (answer.status === 403) {
      throw new GenfleetError(
        'bus_unauthorized',
        `${this.#shown} does not allow ${request.method} ${request.path} to this token: ${reasonOf(answer)}`,
      );
    }
    if (answer.status >= 500 || answer.status === 429) {
      throw new GenfleetError('bus_unavailable', `${this.#shown} failed: ${reasonOf(answer)}`);
    }
    return answer;
  }

  /** For calls that may be repeated: tries again while the broker starts, or two callers change one thing. */
  async callPatiently(request: Request): Promise<Answer> {
    for (let tried = 1; ; tried++) {
      try {
        const answer = await this.call(request);
        if (tried >= TRIES || !/concurrent|try again/i.test(reasonOf(answer))) return answer;
      } catch (thrown) {
        if (tried >= TRIES || !(thrown instanceof GenfleetError) || !thrown.retryable) throw thrown;
      }
      await new Promise((resolve) => setTimeout(resolve, FIRST_PAUSE_MS * 2 ** tried));
    }
  }

  async #fetch(url: URL, request: Request, redirects: number): Promise<Answer> {
    const timeout = AbortSignal.timeout(request.timeoutMs ?? TIMEOUT_MS);
    const calledMs = performance.now();
    try {
      const response = await fetch(url, {
        method: request.method,
        headers: this.#headers,
        signal: request.signal ? AbortSignal.any([request.signal, timeout]) : timeout,
        // followed by hand: fetch would drop the token on the way to another broker
        redirect: 'manual',
        ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      });
      const dateMs = Date.parse(response.headers.get('date') ?? '');
      if (!Number.isNaN(dateMs)) this.#clock?.told(dateMs, calledMs, performance.now());
      const location = response.headers.get('location');
      if (response.status === 307 && location && redirects > 0) {
        await response.body?.cancel();
        return await this.#fetch(new URL(location, url), request, redirects - 1);
      }
      return { status: response.status, body: parse(await response.text()) };
    } catch (cause) {
      if (request.signal?.aborted) throw new GenfleetError('closed', 'the bus was closed', { cause });
      const isLate = (cause as Error).name === 'TimeoutError';
      const why = isLate ? 'did not answer in time' : 'does not answer';
      throw new GenfleetError('bus_unavailable', `${this.#shown} ${why}`, { cause });
    }
  }
}
