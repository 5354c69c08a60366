import { isNativeError } from 'node:util/types';
import type { Credentials } from '@genfleet/auth';

/** What GitLab says of a token. `refused`: it does not know the token, or the token may not ask. */
export const ANSWERS = ['allowed', 'denied', 'refused'] as const;
export type GitlabAnswer = (typeof ANSWERS)[number];

export type Asked =
  | { readonly ok: true; readonly answer: GitlabAnswer }
  /** Nothing is known. The reason names no token. */
  | { readonly ok: false; readonly reason: string; readonly retryAfterSeconds?: number };

/** The answer is one line; more is not what was asked for. */
const MAX_BODY_BYTES = 16_384;
const LONGEST_RETRY_SECONDS = 300;
const REASON_CHARS = 200;

/**
 * `GET {apiUrl}ml/ai-assist` on behalf of the token's owner. Never throws, and takes as long as the signal lets it.
 * Redirects are not followed, so that the token goes nowhere else.
 */
export async function askGitlab(
  apiUrl: string,
  credentials: Credentials,
  signal: AbortSignal,
): Promise<Asked> {
  try {
    const response = await fetch(new URL('ml/ai-assist', apiUrl), {
      headers: { accept: 'application/json', ...headerOf(credentials) },
      redirect: 'manual',
      signal,
    });
    if (response.status === 200) return answerIn(await readBody(response));
    await response.body?.cancel();
    if (response.status === 401 || response.status === 403) return { ok: true, answer: 'refused' };
    return { ok: false, reason: `it answered ${response.status}`, ...retryAfter(response) };
  } catch (thrown) {
    return { ok: false, reason: reasonOf(thrown) };
  }
}

function headerOf({ form, token }: Credentials): Record<string, string> {
  return form === 'bearer' ? { authorization: `Bearer ${token}` } : { 'private-token': token };
}

function answerIn(body: string | undefined): Asked {
  if (body === undefined) return { ok: false, reason: `it answered more than ${MAX_BODY_BYTES} bytes` };
  const isAllowed = allowedIn(body);
  if (isAllowed === undefined) return { ok: false, reason: 'its answer holds no "user_is_allowed"' };
  return { ok: true, answer: isAllowed ? 'allowed' : 'denied' };
}

function allowedIn(body: string): boolean | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed !== 'object' || parsed === null || !('user_is_allowed' in parsed)) return undefined;
    return typeof parsed.user_is_allowed === 'boolean' ? parsed.user_is_allowed : undefined;
  } catch {
    return undefined;
  }
}

/** The whole body as text, or undefined when it is longer than it may be. */
async function readBody(response: Response): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of response.body ?? []) {
    sizeBytes += chunk.byteLength;
    // leaving the loop cancels the rest
    if (sizeBytes > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function retryAfter(response: Response): { retryAfterSeconds?: number } {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  if (!Number.isFinite(seconds)) return {};
  return { retryAfterSeconds: Math.min(Math.max(Math.ceil(seconds), 1), LONGEST_RETRY_SECONDS) };
}

/**
 * What happened below `fetch`, with its code: `connect ECONNREFUSED 127.0.0.1:443`, `UND_ERR_SOCKET: other side closed`.
 * The words of `fetch` itself are left out: they quote the headers that it does not take.
 */
function reasonOf(thrown: unknown): string {
  if (!isNativeError(thrown) || !isNativeError(thrown.cause)) {
    return isTimeout(thrown) ? 'no answer in time' : 'no answer';
  }
  const { cause } = thrown;
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  const words = cause.message.trim().slice(0, REASON_CHARS);
  if (words.includes(code)) return words || cause.name;
  return words ? `${code}: ${words}` : code;
}

function isTimeout(thrown: unknown): boolean {
  return typeof thrown === 'object' && thrown !== null && 'name' in thrown && thrown.name === 'TimeoutError';
}
