import { request as httpRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { PrivateAddressError } from './guarded-lookup.ts';
import { checkWebhookUrl } from './webhook-url.ts';

/** What one call came to. */
export type PostOutcome =
  | { readonly done: true }
  /** Another try can't help: the receiver is gone for good, or may not be called. */
  | { readonly done: false; readonly again: false; readonly reason: string }
  | {
      readonly done: false;
      readonly again: true;
      readonly reason: string;
      /** How long the receiver asked to be left alone, in ms. */
      readonly afterMs: number;
    };

export interface Call {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Ends the call, answer or not. */
  readonly signal: AbortSignal;
}

export interface PostOptions {
  readonly allowPrivate: boolean;
  /** For addresses that must be public; see `guardedLookup`. */
  readonly lookup: LookupFunction;
  /** Certificates trusted beside the system's own. */
  readonly ca?: string;
}

const again = (reason: string, afterMs = 0): PostOutcome => ({ done: false, again: true, reason, afterMs });
const never = (reason: string): PostOutcome => ({ done: false, again: false, reason });

/**
 * One POST. Follows no redirect, reads nothing of the answer's body, keeps no connection. Never rejects.
 */
export async function postWebhook(call: Call, options: PostOptions): Promise<PostOutcome> {
  const fault = checkWebhookUrl(call.url, options);
  if (fault !== undefined) return never(`the address ${fault}`);
  try {
    const { status, retryAfter } = await send(call, options);
    if (status >= 200 && status < 300) return { done: true };
    if (status === 410) return never('the receiver answered 410 Gone');
    return again(`the receiver answered ${status}`, retryAfterMs(retryAfter));
  } catch (error) {
    if (error instanceof PrivateAddressError) return never(error.message);
    if (call.signal.aborted) return again('no answer in time');
    return again(error instanceof Error ? error.message : String(error));
  }
}

function send(call: Call, options: PostOptions): Promise<{ status: number; retryAfter: string | undefined }> {
  const { url, headers, body, signal } = call;
  const settings: RequestOptions & { ca?: string } = {
    method: 'POST',
    agent: false,
    signal,
    headers: { ...headers, 'content-length': Buffer.byteLength(body), connection: 'close' },
    ...(options.allowPrivate ? {} : { lookup: options.lookup }),
    ...(options.ca === undefined ? {} : { ca: options.ca }),
  };
  const start = url.startsWith('https:') ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = start(new URL(url), settings, (response) => {
      resolve({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] });
      // without reading the body: it may be endless
      response.destroy();
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** Seconds only: receivers that send a date are rare, and then the usual delay does. */
function retryAfterMs(header: string | undefined): number {
  return header !== undefined && /^\d{1,7}$/.test(header) ? Number(header) * 1_000 : 0;
}
