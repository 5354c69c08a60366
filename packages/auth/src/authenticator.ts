/** What a caller shows, in the form in which it came. */
export interface Credentials {
  /** `bearer`: `Authorization: Bearer …`; `private-token`: `PRIVATE-TOKEN: …`. */
  readonly form: 'bearer' | 'private-token';
  /** A secret: it stays out of logs, errors, keys and answers. */
  readonly token: string;
}

/** Who calls, as rate limits and logs name it. */
export interface Caller {
  readonly tenant: string;
  /** Stable for one token, and of no use to find the token. */
  readonly id: string;
}

export interface Refusal {
  readonly ok: false;
  /** 401: nobody knows this caller. 403: known, and may not. 503: whoever knows can't be asked. */
  readonly status: 401 | 403 | 503;
  readonly code: 'invalid_api_key' | 'permission_denied' | 'auth_unavailable';
  /** For the caller to read. */
  readonly detail: string;
  /** When trying again can help; with every 503. */
  readonly retryAfterSeconds?: number;
}

export type Verdict = { readonly ok: true; readonly caller: Caller } | Refusal;

/** Decides who may call. */
export interface Authenticator {
  /** Never throws. Within a bounded time; undefined is a caller who shows nothing. After `close`: 503. */
  check(credentials: Credentials | undefined): Promise<Verdict>;
  close(): Promise<void>;
}
