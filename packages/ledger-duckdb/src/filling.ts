import { type Bus, firstMessage, type Message } from '@genfleet/bus';
import type { Topic } from '@genfleet/job';
import type { LedgerTable } from '@genfleet/ledger';
import type { Archived } from './archived.ts';
import type { LedgerChild } from './ledger-child.ts';
import type { FlatMessages } from './protocol.ts';

/** One insert; small enough that what is on its way to the process stays small. */
const CHUNK = { messages: 5_000, chars: 4 * 1_024 * 1_024 };
const BATCH_MESSAGES = 1_000;
/** No topic that is archived forgets a message within this time. */
const RECENT_MS = 60_000;

/** Brings the rows of one process up to the topics' ends, as often as somebody asks. */
export class Filling {
  /** Messages taken over since the process was started. */
  filled = 0;
  readonly #bus: Bus;
  readonly #child: LedgerChild;
  readonly #tables: readonly LedgerTable[];
  readonly #transient: ReadonlySet<string>;
  readonly #archived: Archived | undefined;
  /** Topics whose archive was taken over since the process was started, up to a message. */
  readonly #loaded = new Map<string, string | undefined>();
  readonly #signal: AbortSignal;
  readonly #cursors: Map<string, string>;
  #isAligned = false;
  /** When the last round ended, in Unix ms: a machine that slept knows it by this clock alone. */
  #roundMs = 0;
  /** The first message that the transient topic held when its archive was asked. */
  #heldFrom: string | undefined;
  #current: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(parts: {
    bus: Bus;
    child: LedgerChild;
    tables: readonly LedgerTable[];
    transient: ReadonlySet<string>;
    archived: Archived | undefined;
    signal: AbortSignal;
  }) {
    this.#bus = parts.bus;
    this.#child = parts.child;
    this.#tables = parts.tables;
    this.#transient = parts.transient;
    this.#archived = parts.archived;
    this.#signal = parts.signal;
    this.#cursors = new Map(Object.entries(parts.child.cursors));
  }

  /**
   * Resolves once everything published before this call is there. Who asks while a round is running waits for the next
   * one: that one looks for the ends anew.
   */
  upToNow(): Promise<void> {
    this.#next ??= this.#begin();
    return this.#next;
  }

  async #begin(): Promise<void> {
    await this.#current.catch(() => undefined);
    const round = this.#next ?? Promise.resolve();
    this.#next = undefined;
    this.#current = round;
    await this.#round();
  }

  async #round(): Promise<void> {
    const ends = await Promise.all(this.#tables.map(({ topic }) => this.#bus.lastMessageId(topic)));
    if (!(await this.#isSameLedger(ends))) {
      await this.#child.reset();
      this.#cursors.clear();
      this.#loaded.clear();
    }
    this.#isAligned = true;
    for (const [index, { topic }] of this.#tables.entries()) {
      const isTransient = this.#transient.has(topic.name);
      if (!isTransient) await this.#loadArchive(topic);
      const end = ends[index];
      if (end !== undefined && end > (this.#cursors.get(topic.name) ?? '')) await this.#readTo(topic, end);
      if (isTransient) await this.#forget(topic);
    }
    this.#roundMs = Date.now();
  }

  /** What was archived beyond the rows: the topic may not hold it any more, unless the rows were up to date just now. */
  async #loadArchive({ name }: Topic): Promise<void> {
    const isRecent = this.#loaded.has(name) && Date.now() - this.#roundMs < RECENT_MS;
    if (!this.#archived || isRecent) return;
    const range = { after: this.#cursors.get(name), before: undefined };
    const { last, messages } = await this.#archived.load(this.#child, name, range, this.#signal);
    if (last !== undefined) this.#cursors.set(name, last);
    this.#loaded.set(name, last);
    this.filled += messages;
  }

  /** Whether the rows are those of the topics, as far as they go: all of it once, their ends every time. */
  async #isSameLedger(ends: readonly (string | undefined)[]): Promise<boolean> {
    for (const [index, { topic }] of this.#tables.entries()) {
      const cursor = this.#cursors.get(topic.name);
      if (cursor === undefined || this.#transient.has(topic.name)) continue;
      const end = ends[index];
      if (end === undefined) {
        if (await this.#isArchivedTo(topic, cursor)) continue;
        return false;
      }
      if (end < cursor) return false;
      if (this.#isAligned) continue;
      const first = await firstMessage(this.#bus, topic, this.#signal);
      if (!first) return false;
      const archivedFrom = await this.#archived?.oldestId(topic.name);
      const [keepFrom = first.messageId] = [archivedFrom ?? first.messageId, first.messageId].sort();
      const { messageId, publishTimeMs: timeMs } = first;
      if (!(await this.#child.align(topic.name, { messageId, timeMs }, keepFrom))) return false;
    }
    return true;
  }

  /** Whether a topic that holds nothing may have forgotten what the rows are of. */
  async #isArchivedTo({ name }: Topic, cursor: string): Promise<boolean> {
    return ((await this.#archived?.newestId(name)) ?? '') >= cursor;
  }

  /**
   * What a topic has forgotten is forgotten here, too; what the archive holds of it takes its place, which is without
   * prompts.
   */
  async #forget(topic: Topic): Promise<void> {
    const { name } = topic;
    const before = (await firstMessage(this.#bus, topic, this.#signal))?.messageId;
    const range = { after: this.#loaded.get(name), before };
    if (this.#cursors.has(name)) await this.#child.forget(name, range);
    if (!this.#archived || (this.#loaded.has(name) && before === this.#heldFrom)) return;
    const { last } = await this.#archived.load(this.#child, name, range, this.#signal);
    const isBeyond = last !== undefined && before !== undefined && last >= before;
    this.#loaded.set(name, isBeyond ? justBefore(before) : last);
    this.#heldFrom = before;
  }

  async #readTo(topic: Topic, end: string): Promise<void> {
    const cursor = this.#cursors.get(topic.name);
    const from = cursor === undefined ? 'earliest' : { afterMessageId: cursor };
    let chunk = emptyChunk();
    let chars = 0;
    let written: Promise<void> = Promise.resolve();
    const write = async () => {
      const full = chunk;
      const last = full.messageIds.at(-1);
      chunk = emptyChunk();
      chars = 0;
      // one is written while the next is read
      await written;
      written = this.#child.insert(topic.name, full).then(() => {
        if (last !== undefined) this.#cursors.set(topic.name, last);
        this.filled += full.messageIds.length;
      });
      written.catch(() => undefined);
    };
    const options = { from, signal: this.#signal, batchSize: BATCH_MESSAGES } as const;
    for await (const { messages, caughtUp } of this.#bus.read(topic, options)) {
      for (const message of messages) chars += add(chunk, message);
      if (caughtUp || (messages.at(-1)?.messageId ?? '') >= end) break;
      if (chunk.messageIds.length >= CHUNK.messages || chars > CHUNK.chars) await write();
    }
    if (chunk.messageIds.length > 0) await write();
    await written;
    // an end that is not reached because the reading was stopped is no end
    this.#signal.throwIfAborted();
  }
}

/** A text that sorts behind every message id that is smaller than this one, and before this one. */
function justBefore(messageId: string): string {
  const end = messageId.charCodeAt(messageId.length - 1);
  return `${messageId.slice(0, -1)}${String.fromCharCode(end - 1)}\uffff`;
}

const emptyChunk = (): FlatMessages => ({
  messageIds: [],
  keys: [],
  values: [],
  properties: [],
  timesMs: [],
});

function add(chunk: FlatMessages, { messageId, key, value, properties, publishTimeMs }: Message): number {
  chunk.messageIds.push(messageId);
  chunk.keys.push(key);
  chunk.values.push(value);
  chunk.properties.push(JSON.stringify(properties));
  chunk.timesMs.push(publishTimeMs);
  return value.length;
}
