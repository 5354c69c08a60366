/** What the main thread asks of the thread that owns the file; all of one request is one transaction. */
export interface Publish {
  readonly topic: number;
  readonly key: string;
  readonly value: string;
  readonly properties: string | null;
  /** Unix time in ms; 0 for at once. */
  readonly dueMs: number;
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

export interface Group {
  readonly publishes: readonly Publish[];
  readonly settles: readonly Settle[];
  readonly fetches: readonly Fetch[];
}

export interface GroupResult {
  readonly published: readonly { readonly seq: number; readonly timeMs: number }[];
  readonly fetched: readonly Fetched[];
}

export type ToThread = { readonly type: 'group'; readonly group: Group } | { readonly type: 'close' };

export type FromThread =
  | { readonly type: 'open' }
  | { readonly type: 'done'; readonly result: GroupResult }
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'reclaimed' }
  | { readonly type: 'closed' };
