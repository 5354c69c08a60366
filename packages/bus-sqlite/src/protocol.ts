/** Messages as flat arrays, one entry each: structured clone costs a fraction of what it costs on objects. */
export interface Publishes {
  readonly topics: number[];
  readonly keys: string[];
  readonly values: string[];
  readonly properties: (string | null)[];
  /** Unix time in ms; 0 for at once. */
  readonly dueMs: number[];
}

/** `dueMs` undefined acknowledges, else the message is handed out again at that time. */
export interface Settle {
  readonly subscription: number;
  readonly seq: number;
  readonly dueMs?: number;
}

export interface Fetch {
  readonly subscription: number;
  readonly limit: number;
}

export interface FetchedRow {
  readonly seq: number;
  readonly key: string;
  readonly value: string;
  readonly properties: string | null;
  readonly timeMs: number;
}

export interface Fetched {
  readonly rows: readonly FetchedRow[];
  /** When the next one is due, if one waits for its time. */
  readonly nextDueMs: number | undefined;
}

/** What one tick of the main thread asks for. Groups that wait for the thread share a transaction. */
export interface Group {
  readonly publishes: Publishes;
  readonly settles: Settle[];
  readonly fetches: Fetch[];
}

export interface GroupResult {
  readonly seqs: readonly number[];
  readonly timesMs: readonly number[];
  readonly fetched: readonly Fetched[];
}

export type ToThread = { readonly type: 'group'; readonly group: Group } | { readonly type: 'close' };

export type FromThread =
  | { readonly type: 'open' }
  /** Of the groups of one transaction, in the order they were posted. */
  | { readonly type: 'done'; readonly results: readonly GroupResult[] }
  | { readonly type: 'failed'; readonly groups: number; readonly message: string }
  | { readonly type: 'reclaimed' }
  | { readonly type: 'closed' };
