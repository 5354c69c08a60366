import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { notWhole, type Segment, TopicArchive } from '@genfleet/archive';
import type { ObjectStore } from '@genfleet/artifacts';
import type { LedgerChild } from './ledger-child.ts';
import type { MessageRange } from './protocol.ts';

/** Rows that an archive holds, on their way into the tables: two files at a time, in memory and on the disk. */
export class Archived {
  readonly #objects: ObjectStore;
  readonly #directory: string;
  readonly #topics = new Map<string, TopicArchive>();

  /** @param directory for files, from which the child may load. */
  constructor(objects: ObjectStore, directory: string) {
    this.#objects = objects;
    this.#directory = directory;
  }

  async oldestId(topic: string): Promise<string | undefined> {
    return (await this.#archive(topic).oldest())?.first;
  }

  async newestId(topic: string): Promise<string | undefined> {
    return (await this.#archive(topic).newest())?.last;
  }

  /**
   * Puts archived rows within the range into the topic's table. @returns the id of the last message that was looked at.
   * @throws GenfleetError `ledger_failed` that names a file which is damaged or missing.
   */
  async load(
    child: LedgerChild,
    topic: string,
    range: MessageRange,
    signal: AbortSignal,
  ): Promise<{ last: string | undefined; messages: number }> {
    const archive = this.#archive(topic);
    let last = range.after;
    let messages = 0;
    let ahead: ReturnType<TopicArchive['look']> | undefined;
    const segments = await this.#segments(archive, range);
    for (const [index, segment] of segments.entries()) {
      signal.throwIfAborted();
      const { state, bytes } = await (ahead ?? archive.look(segment));
      // it is being put at this moment, and the topic holds what will be in it
      if (state === 'missing' && index === segments.length - 1) break;
      if (state !== 'whole') throw notWhole(segment.file, state);
      const next = segments[index + 1];
      ahead = next && archive.look(next);
      ahead?.catch(() => undefined);
      await this.#loadFile(child, topic, bytes, range);
      last = segment.last;
      messages += segment.messages;
    }
    return { last, messages };
  }

  async #segments(archive: TopicArchive, { after, before }: MessageRange): Promise<Segment[]> {
    const segments: Segment[] = [];
    for await (const segment of archive.segments(after)) {
      if (before === undefined || segment.first < before) segments.push(segment);
    }
    return segments;
  }

  async #loadFile(child: LedgerChild, topic: string, bytes: Uint8Array, range: MessageRange): Promise<void> {
    const file = join(this.#directory, `${randomUUID()}.parquet`);
    try {
      await writeFile(file, bytes, { mode: 0o600 });
      await child.load(topic, file, range);
    } finally {
      await rm(file, { force: true });
    }
  }

  #archive(topic: string): TopicArchive {
    const known = this.#topics.get(topic) ?? new TopicArchive(this.#objects, topic);
    this.#topics.set(topic, known);
    return known;
  }
}
