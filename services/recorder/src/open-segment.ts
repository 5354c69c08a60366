import {
  type ArchivedMessage,
  archivedValue,
  belongsTo,
  type CutLimits,
  type Draft,
  dueMs,
  type Extent,
  extended,
  isFull,
  type SegmentWriter,
} from '@genfleet/archive';
import type { Message } from '@genfleet/bus';
import type { LedgerTable } from '@genfleet/ledger';

/** The segment that a topic's messages are collected in: how far it reaches, and its rows, which are on the disk. */
export class OpenSegment {
  extent: Extent | undefined;
  readonly #writer: SegmentWriter;
  readonly #table: LedgerTable;
  #pending: ArchivedMessage[] = [];
  #draft: Draft | undefined;
  #openedMs = 0;

  constructor(writer: SegmentWriter, table: LedgerTable) {
    this.#writer = writer;
    this.#table = table;
  }

  /** Whether the message goes into the same file as those before it. */
  takes(message: Message, limits: CutLimits): boolean {
    return !this.extent || (belongsTo(this.extent, message, limits) && !isFull(this.extent, limits));
  }

  /** Kept in memory until `flush`. */
  add(message: Message, nowMs: number): void {
    const { messageId, key, value, properties, publishTimeMs } = message;
    if (!this.extent) this.#openedMs = nowMs;
    this.extent = extended(this.extent, message);
    this.#pending.push({
      ...{ messageId, key, timeMs: publishTimeMs },
      ...{ value: archivedValue(value), properties: JSON.stringify(properties) },
    });
  }

  /** May be called again when it failed. */
  async flush(): Promise<void> {
    if (!this.extent) return;
    this.#draft ??= await this.#writer.begin(this.#table);
    this.#draft.add(this.#pending);
    this.#pending = [];
    await this.#draft.flush();
  }

  /** When it is closed though nothing more came, in Unix ms; undefined while it is empty. */
  dueMs(limits: CutLimits): number | undefined {
    return this.extent && dueMs(this.extent, this.#openedMs, limits);
  }

  /** Its file. May be called again when that failed. */
  async finish(): Promise<Uint8Array> {
    if (!this.#draft) throw new TypeError('an empty segment has no file');
    return await this.#draft.finish();
  }

  /** Empty again, with nothing on the disk. */
  async discard(): Promise<void> {
    const draft = this.#draft;
    this.extent = undefined;
    this.#pending = [];
    this.#draft = undefined;
    await draft?.discard();
  }
}
