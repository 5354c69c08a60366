import { hash } from 'node:crypto';
import type { Authenticator, Credentials, Refusal, Verdict } from '@genfleet/auth';
import { openRedisConnection } from '@genfleet/redis-connection';
import type { AnswerCache } from './answer-cache.ts';
import { type Asked, askGitlab } from './ask-gitlab.ts';
import { MemoryCache } from './memory-cache.ts';
import { RedisCache } from './redis-cache.ts';

const TIMEOUT_MS = 5_000;
const RETRY_SECONDS = 5;
/** Tokens that GitLab is asked about at once; each is one connection. */
const MAX_CALLS = 200;
const NAME_LENGTH = 16;
/** What can stand in a header as one word; nothing else is a token. GitLab's longest, for jobs, take some 2 KB. */
const TOKEN = /^[\x21-\x7e]{1,8192}$/;

export interface GitlabAuthOptions {
  /** `https://gitlab.com/api/v4/`, with its last slash. */
  readonly apiUrl: string;
  /** Keeps answers for all replicas. Default: in memory. */
  readonly redisUrl?: string;
  /** How long GitLab may take, in ms. Default 5 s. */
  readonly timeoutMs?: number;
  /** The ms of any clock that goes on evenly. */
  readonly now: () => number;
  /** Told once when GitLab or Redis goes away, and once when it is back. */
  readonly warn: (message: string) => void;
}

/** Asks GitLab whether the owner of a token may call. Redis and GitLab may be away when it is opened. */
export async function openGitlabAuthenticator(options: GitlabAuthOptions): Promise<Authenticator> {
  const { redisUrl, now, warn } = options;
  const memory = new MemoryCache(now);
  if (redisUrl === undefined) return new GitlabAuthenticator(options, memory);
  const meanwhile = 'each replica asks GitLab for itself and keeps the answers in its memory';
  const redis = await openRedisConnection({ url: redisUrl, meanwhile, warn });
  return new GitlabAuthenticator(options, new RedisCache(redis, memory));
}

class GitlabAuthenticator implements Authenticator {
  readonly #options: GitlabAuthOptions;
  readonly #cache: AnswerCache;
  /** What is being found out, so that requests of one user wait for one answer. */
  readonly #flights = new Map<string, Promise<Asked>>();
  readonly #closing = new AbortController();
  #calls = 0;
  #isAway = false;

  constructor(options: GitlabAuthOptions, cache: AnswerCache) {
    this.#options = options;
    this.#cache = cache;
  }

  async check(credentials: Credentials | undefined): Promise<Verdict> {
    if (this.#closing.signal.aborted) return unavailable();
    if (!credentials) return MISSING;
    if (!TOKEN.test(credentials.token)) return REFUSED;
    const tokenHash = hash('sha256', credentials.token);
    const asked = await this.#shared(this.#keyOf(credentials, tokenHash), credentials);
    if (!asked.ok) return unavailable(asked.retryAfterSeconds);
    if (asked.answer === 'refused') return REFUSED;
    if (asked.answer === 'denied') return DENIED;
    return { ok: true, caller: { tenant: 'default', id: tokenHash.slice(0, NAME_LENGTH) } };
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    await Promise.allSettled([...this.#flights.values()]);
    await this.#cache.close();
  }

  /** An answer holds for one GitLab, and for the form in which the token came: not every token works in both. */
  #keyOf({ form }: Credentials, tokenHash: string): string {
    return `${hash('sha256', this.#options.apiUrl).slice(0, NAME_LENGTH)}:${form}:${tokenHash}`;
  }

  #shared(key: string, credentials: Credentials): Promise<Asked> {
    const known = this.#flights.get(key);
    if (known) return known;
    const flight = this.#find(key, credentials).finally(() => this.#flights.delete(key));
    this.#flights.set(key, flight);
    return flight;
  }

  async #find(key: string, credentials: Credentials): Promise<Asked> {
    const answer = await this.#cache.get(key);
    if (answer) return { ok: true, answer };
    const asked = await this.#ask(credentials);
    if (asked.ok) await this.#cache.put(key, asked.answer);
    return asked;
  }

  async #ask(credentials: Credentials): Promise<Asked> {
    if (this.#calls >= MAX_CALLS) {
      return this.#noted({
        ok: false,
        reason: `${MAX_CALLS} calls wait for an answer`,
        retryAfterSeconds: 1,
      });
    }
    const { apiUrl, timeoutMs = TIMEOUT_MS } = this.#options;
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(timeoutMs)]);
    this.#calls += 1;
    try {
      return this.#noted(await askGitlab(apiUrl, credentials, signal));
    } finally {
      this.#calls -= 1;
    }
  }

  #noted(asked: Asked): Asked {
    if (this.#closing.signal.aborted || asked.ok !== this.#isAway) return asked;
    this.#isAway = !asked.ok;
    const { apiUrl, warn } = this.#options;
    if (asked.ok) warn(`GitLab answers again at ${apiUrl}`);
    else
      warn(`GitLab can't be asked who may call (${apiUrl}: ${asked.reason}); new callers are answered 503`);
    return asked;
  }
}

const MISSING: Refusal = {
  ok: false,
  status: 401,
  code: 'invalid_api_key',
  detail: 'A GitLab token is needed, as "Authorization: Bearer <token>" or "PRIVATE-TOKEN: <token>"',
};
const REFUSED: Refusal = { ...MISSING, detail: 'GitLab does not take this token' };
const DENIED: Refusal = {
  ok: false,
  status: 403,
  code: 'permission_denied',
  detail: 'GitLab says that this user may not use AI Assist',
};

function unavailable(retryAfterSeconds = RETRY_SECONDS): Refusal {
  const detail = "Whether this caller may pass can't be found out now: GitLab does not answer";
  return { ok: false, status: 503, code: 'auth_unavailable', detail, retryAfterSeconds };
}
