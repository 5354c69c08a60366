import { ApiError, createClient, type Model } from '@genfleet/client';
import { computed, signal } from '@preact/signals';
import { base } from './base.ts';
import { refusalOf, token, tokenRefusal } from './token.ts';

/** A request that has no answer after this long will not get one. */
const ANSWER_MS = 15_000;
/** What is older than the servers' views is looked up in the ledger, which starts at the first question. */
const LEDGER_MS = 60_000;
/** Paths whose answer may come from the ledger. Some of them are for operators: others are refused that and no more. */
const OF_LEDGER = /^(?:jobs|ledger)\b/;

function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'TimeoutError';
}

/**
 * Ends requests that would wait for ever, event streams excepted, and carries the token, which is for this server alone:
 * give it paths, not the URLs of others.
 */
export async function guardedFetch(...[input, init]: Parameters<typeof fetch>): Promise<Response> {
  const headers = new Headers(init?.headers);
  const sent = token.value;
  if (sent !== '') headers.set('authorization', `Bearer ${sent}`);
  const isStream = headers.get('accept') === 'text/event-stream';
  const isOfLedger = OF_LEDGER.test(String(input).slice(base.length));
  const bound = isStream ? {} : { signal: boundOf(init, isOfLedger ? LEDGER_MS : ANSWER_MS) };
  const response = await fetch(input, { ...init, headers, ...bound });
  const isForOperators = isOfLedger && response.status === 403;
  // what an older token was told is of no interest any more
  if (sent === token.value && !isForOperators) tokenRefusal.value = refusalOf(response.status, sent);
  return response;
}

function boundOf(init: RequestInit | undefined, answerMs: number): AbortSignal {
  const timeout = AbortSignal.timeout(answerMs);
  return init?.signal ? AbortSignal.any([init.signal, timeout]) : timeout;
}

/** The API that served this page. */
export const client = createClient({ baseUrl: base, fetch: guardedFetch });

/** Whether the server answered last time it was asked. */
export const isOnline = signal(true);
/** All that workers announced. */
export const known = signal<readonly Model[]>([]);
/** Those that make pictures. */
export const models = computed(() => known.value.filter(({ kind }) => kind === 'txt2img'));
/** Those that write. */
export const codeModels = computed(() => known.value.filter(({ kind }) => kind === 'completion'));

/** The server could not be reached or is not able to answer now; asking again may help. */
export function isOutage(error: unknown): boolean {
  if (error instanceof ApiError) return error.status >= 500;
  return isUnanswered(error);
}

/** Nothing came back: what was asked for may have been done or not. */
export function isUnanswered(error: unknown): boolean {
  return error instanceof TypeError || isTimeout(error);
}

/** What went wrong, for people. */
export function messageOf(error: unknown): string {
  if (error instanceof ApiError) {
    const { message, retryAfterSeconds } = error;
    if (retryAfterSeconds === undefined) return message;
    return `${message.replace(/\.$/, '')}. Try again in ${Math.ceil(retryAfterSeconds)} s.`;
  }
  if (isUnanswered(error)) return 'The server does not answer.';
  return error instanceof Error ? error.message : String(error);
}

export async function readModels(): Promise<readonly Model[]> {
  known.value = await client.models();
  return models.value;
}
