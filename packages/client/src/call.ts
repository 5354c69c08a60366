import { ApiError } from './api-error.ts';
import { receiptIn } from './receipt.ts';
import type { Receipt } from './types.ts';

export interface ClientOptions {
  /** Where the API is; empty in a page that the API itself serves. */
  readonly baseUrl?: string;
  readonly fetch?: typeof fetch;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Given every receipt that comes back, of jobs made, cancelled and redriven; `genfleet verify` checks them. */
  readonly onReceipt?: (receipt: Receipt) => void;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
}

/** A request to a path of the API. */
export type Call = (
  path: string,
  init: RequestInit & { readonly headers?: Record<string, string> },
) => Promise<Response>;

/** Sends requests and turns refusals into `ApiError`; who can't be reached is `fetch`'s own error. */
export function caller(options: ClientOptions): Call {
  const base = (options.baseUrl ?? '').replace(/\/+$/, '');
  const send = options.fetch ?? ((...args: Parameters<typeof fetch>) => fetch(...args));
  return async (path, init) => {
    const headers = { ...options.headers, ...init.headers };
    const response = await send(`${base}${path}`, { ...init, headers });
    if (!response.ok) throw await ApiError.from(response);
    const receipt = options.onReceipt && receiptIn(response);
    if (receipt) options.onReceipt?.(receipt);
    return response;
  };
}
