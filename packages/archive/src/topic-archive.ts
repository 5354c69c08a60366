import type { ObjectStore } from '@genfleet/artifacts';
import { GenfleetError } from '@genfleet/job';
import { afterInRecord, filesFrom, isBehind, lastInFile, recordFolder, recordKey } from './layout.ts';
import { decodeSegment, encodeSegment, type Segment, sha256Of } from './segment.ts';

const RECORDS_AT_ONCE = 16;

export type FileState = 'whole' | 'missing' | 'damaged';

/** How far a topic can be read from the archive's files. */
export interface ReadableEnd {
  /** The last message; what is behind it is the topic's. Undefined: all of it is. */
  readonly last: string | undefined;
  /** What is behind it was published from then on (Unix ms), but for what clocks differ by. */
  readonly behindMs: number;
}

/** The error for a file that readers have to do without. */
export function notWhole(file: string, state: string): GenfleetError {
  const message = `the archive's file ${file} is ${state}; npm run recorder -- check makes it anew while its topic can`;
  return new GenfleetError('ledger_failed', message, { retryable: false });
}

/**
 * What the archive holds of one topic: segments that follow each other, each a Parquet file and a record of it.
 *
 * A segment is claimed before its file is put: its record is created under a name that only the end of the segment before
 * decides, and of all who try one succeeds. So whatever dies when, and whoever else writes, no message comes into two
 * files. Only the newest segment can be without its file; it is written from the topic then.
 */
export class TopicArchive {
  readonly #objects: ObjectStore;
  readonly #topic: string;

  constructor(objects: ObjectStore, topic: string) {
    this.#objects = objects;
    this.#topic = topic;
  }

  /** Takes the place behind the segment's `after`. @returns the segment that has it, which is another one's or this one. */
  async claim(segment: Segment): Promise<Segment> {
    const key = recordKey(this.#topic, segment.after);
    if (await this.#objects.putIfAbsent(key, encodeSegment(segment))) return segment;
    return decodeSegment(key, await this.#objects.get(key));
  }

  /** Tells anew what the file of a claimed segment is: another version of the writer made other bytes of the same rows. */
  async rename(segment: Segment): Promise<void> {
    await this.#objects.put(recordKey(this.#topic, segment.after), encodeSegment(segment));
  }

  async put({ file }: Segment, bytes: Uint8Array): Promise<void> {
    await this.#objects.put(file, bytes);
  }

  /** The newest segment, after `known` where that one was the newest before. */
  async newest(known?: Segment): Promise<Segment | undefined> {
    let newest: string | undefined;
    const from = known && recordKey(this.#topic, known.after);
    for await (const { key } of this.#objects.list(recordFolder(this.#topic), from)) newest = key;
    return newest === undefined ? known : await this.#record(newest);
  }

  /** The oldest segment. */
  async oldest(): Promise<Segment | undefined> {
    for await (const { key } of this.#objects.list(recordFolder(this.#topic))) return await this.#record(key);
    return undefined;
  }

  /** All segments with messages behind this one, in their order; those without a file too. */
  async *segments(behind?: string): AsyncGenerator<Segment> {
    let before: string | undefined;
    const keys: string[] = [];
    for await (const { key } of this.#objects.list(recordFolder(this.#topic))) {
      if (behind !== undefined && !isBehind(this.#topic, key, behind)) before = key;
      else keys.push(key);
    }
    const all = before === undefined ? keys : [before, ...keys];
    for (let at = 0; at < all.length; at += RECORDS_AT_ONCE) {
      const records = all.slice(at, at + RECORDS_AT_ONCE).map((key) => this.#record(key));
      for (const segment of await Promise.all(records)) {
        if (behind === undefined || segment.last > behind) yield segment;
      }
    }
  }

  /** The file, and whether it is what was put. */
  async look({ file, sha256 }: Segment): Promise<{ state: FileState; bytes: Uint8Array }> {
    try {
      const bytes = await this.#objects.get(file);
      return { state: sha256Of(bytes) === sha256 ? 'whole' : 'damaged', bytes };
    } catch (error) {
      if (!(error instanceof GenfleetError && error.code === 'artifact_not_found')) throw error;
      return { state: 'missing', bytes: new Uint8Array() };
    }
  }

  /**
   * How far files can be read now: the newest segment is the topic's until its file is put, which may be at this moment.
   * @param known the newest segment, as it was found before. @returns undefined where nothing is archived.
   */
  async readableEnd(known?: Segment): Promise<(ReadableEnd & { readonly newest: Segment }) | undefined> {
    const newest = await this.newest(known);
    if (!newest) return undefined;
    const { after, last, file, first_time_ms, last_time_ms } = newest;
    const folder = file.slice(0, file.lastIndexOf('/'));
    for await (const { key } of this.#objects.list(folder)) {
      if (key === file) return { last, behindMs: last_time_ms, newest };
    }
    return { last: after, behindMs: first_time_ms, newest };
  }

  /**
   * Sees to it that no file is missing but the newest, by names alone: for readers of all files that there are, who would
   * not notice. @throws GenfleetError `ledger_failed` that names one.
   */
  async requireFiles(): Promise<void> {
    // records first: what they follow was put before them
    const records: string[] = [];
    for await (const { key } of this.#objects.list(recordFolder(this.#topic))) records.push(key);
    const lasts = new Set<string | undefined>();
    for await (const { key } of this.#objects.list(this.#topic, filesFrom(this.#topic)))
      lasts.add(lastInFile(key));
    for (const [index, key] of records.slice(1).entries()) {
      if (lasts.has(afterInRecord(key))) continue;
      const { file } = await this.#record(records[index] ?? key);
      throw notWhole(file, 'missing');
    }
  }

  async #record(key: string): Promise<Segment> {
    return decodeSegment(key, await this.#objects.get(key));
  }
}
