import type { ResultColumn, SqlValue } from '@genfleet/ledger';

/** Messages as flat arrays, one entry each: structured clone costs a fraction of what it costs on objects. */
export interface FlatMessages {
  readonly messageIds: string[];
  readonly keys: string[];
  readonly values: string[];
  readonly properties: string[];
  /** Unix time in ms. */
  readonly timesMs: number[];
}

/** By message ids, each of which is itself left out; without bounds where they are undefined. */
export interface MessageRange {
  readonly after: string | undefined;
  readonly before: string | undefined;
}

export interface OpenMessage {
  readonly type: 'open';
  /** Places for the file, the first one free is taken; when all are in use by others it is kept in memory. */
  readonly files: readonly string[];
  /** Throw away what is in the file. */
  readonly remake: boolean;
  /** What the rows are of: a file of another bus is another ledger's. */
  readonly source: string;
  readonly schemaName: string;
  /** Tables that are kept in memory only. */
  readonly transient: readonly string[];
  /** The only folder that it may read files of, by `load`; none where it is undefined. */
  readonly loadFrom: string | undefined;
  readonly memoryMib: number;
}

/** Each is answered by one `done`, `answer` or `failed` with its id. */
export type Request =
  | { readonly type: 'insert'; readonly table: string; readonly messages: FlatMessages }
  /** Takes over the rows of a Parquet file that are within the range. */
  | { readonly type: 'load'; readonly table: string; readonly file: string; readonly range: MessageRange }
  /** Says whether the rows are those of the topic, and forgets what came before `keepFrom`. */
  | {
      readonly type: 'align';
      readonly table: string;
      readonly first: { readonly messageId: string; readonly timeMs: number };
      readonly keepFrom: string;
    }
  | { readonly type: 'forget'; readonly table: string; readonly range: MessageRange }
  | { readonly type: 'reset' }
  | { readonly type: 'query'; readonly sql: string; readonly maxRows: number };

export type ToProcess =
  | OpenMessage
  | (Request & { readonly id: number })
  | { readonly type: 'cancel'; readonly id: number }
  | { readonly type: 'close' };

export interface Fault {
  /** `broken`: the engine or its file, not the query. */
  readonly kind: 'invalid' | 'cancelled' | 'broken';
  /** Of what is broken: that it may be the file. */
  readonly isOfFile?: boolean;
  readonly message: string;
  /** Where in the query, in UTF-16 units. */
  readonly offset?: number;
  /** Name of a table that is not there. */
  readonly missingTable?: string;
}

export interface Cursors {
  readonly [table: string]: string;
}

export type FromProcess =
  | { readonly type: 'ready'; readonly cursors: Cursors; readonly rebuilt: string | undefined }
  /** Instead of `ready`. */
  | { readonly type: 'refused'; readonly message: string }
  /** `foreign`: the rows are not those of the topic. */
  | { readonly type: 'done'; readonly id: number; readonly foreign: boolean }
  | { readonly type: 'rows'; readonly id: number; readonly rows: SqlValue[][] }
  | {
      readonly type: 'answer';
      readonly id: number;
      readonly columns: ResultColumn[];
      readonly truncated: boolean;
    }
  | { readonly type: 'failed'; readonly id: number; readonly fault: Fault };
