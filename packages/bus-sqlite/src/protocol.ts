import type { Fault } from './faults.ts';

/** Messages as flat arrays, one entry each: structured clone costs a fraction of what it costs on objects. */
export interface Publishes {
  readonly topics: number[];
  readonly keys: string[];
  readonly values: string[];
  readonly properties: (string | null)[];
  /** Unix time in ms; 0 for at once. */
  readonly dueMs: number[];
  /** How many of them must be on the disk before they are answered. */
  synced: number;
}

/** `dueMs` undefined acknowledges, else the message is handed out again at that time. */
export interface Settle {
  readonly subscription: number;
  readonly seq: number;
  readonly dueMs?: number;
}

export interface Fetch {
  readonly topic: number;
  readonly subscription: number;
  readonly limit: number;
  /** Stays for the rest of its limit, until this consumer's next fetch or its withdrawal. */
  readonly standing?: {
    readonly consumer: number;
    /** Hand-outs to this standing fetch and those before it that have arrived. */
    readonly seen: number;
  };
}

/** A message as the file has it. */
export interface MessageRow {
  readonly seq: number;
  readonly key: string;
  readonly value: string;
  readonly properties: string | null;
  readonly timeMs: number;
}

/** One that is handed out. */
export interface HandedRow extends MessageRow {
  readonly redelivered: boolean;
}

export interface Fetched {
  readonly rows: readonly HandedRow[];
  /** There is more that could be handed out at once. */
  readonly more: boolean;
  /** When the next one is due, if one waits for its time. */
  readonly nextDueMs: number | undefined;
}

/** What a standing fetch was given. */
export interface Handed extends Fetched {
  readonly consumer: number;
}

export interface TopicToEnsure {
  readonly name: string;
  readonly subscriptions: readonly string[];
  /** null for ever. */
  readonly retentionMs: number | null;
}

/** What one tick of the main thread asks for. Groups that wait for the thread share a transaction. */
export interface Group {
  readonly publishes: Publishes;
  readonly settles: Settle[];
  readonly fetches: Fetch[];
  /** Consumers whose fetches no longer stand. */
  readonly withdrawals: number[];
  readonly ensures: (readonly TopicToEnsure[])[];
}

export interface GroupResult {
  readonly seqs: readonly number[];
  /** For each of them the message that was the last of its topic before. */
  readonly previous: readonly number[];
  /** Publish time of all of them. */
  readonly timeMs: number;
  readonly fetched: readonly Fetched[];
}

export type ToThread = { readonly type: 'group'; readonly group: Group } | { readonly type: 'close' };

export type FromThread =
  | { readonly type: 'open' }
  /** Instead of `open`. */
  | ({ readonly type: 'refused' } & Fault)
  /** Of the groups of one transaction, in the order they were posted. */
  | { readonly type: 'done'; readonly results: readonly GroupResult[]; readonly handed: readonly Handed[] }
  | ({ readonly type: 'failed'; readonly groups: number } & Fault)
  /** Others wrote to the file, or what dead owners held is in line again. */
  | { readonly type: 'changed' }
  | { readonly type: 'closed' };
