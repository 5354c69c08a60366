import type { LedgerTable } from '@genfleet/ledger';

/** A message as the archive keeps it. */
export interface ArchivedMessage {
  readonly messageId: string;
  readonly key: string;
  /** By `archivedValue`. */
  readonly value: string;
  /** As JSON. */
  readonly properties: string;
  /** Unix time in ms. */
  readonly timeMs: number;
}

/** The rows of a segment while it is open, outside of the memory. */
export interface Draft {
  /** Takes them at once; some may be in memory until `finish`. */
  add(messages: readonly ArchivedMessage[]): void;
  /** To be called after `add`, again when it failed. @throws GenfleetError `ledger_failed`: the disk is full. */
  flush(): Promise<void>;
  /** The file with all that was added, a function of it alone. @throws GenfleetError `ledger_failed`: the disk is full. */
  finish(): Promise<Uint8Array>;
  /** Takes what it holds off the disk. May be called again. */
  discard(): Promise<void>;
}

/** Makes files of rows whose columns are those of `ledgerTables` with `MESSAGE_COLUMNS`. */
export interface SegmentWriter {
  begin(table: LedgerTable): Promise<Draft>;
  close(): Promise<void>;
}
