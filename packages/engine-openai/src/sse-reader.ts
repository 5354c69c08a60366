import { isUtf8 } from 'node:buffer';
import { GenfleetError } from '@genfleet/job';

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const DATA = Buffer.from('data:');

/**
 * The data of server-sent events out of a body that comes in pieces, however they are cut; event names, ids and
 * comments are passed over. Works on bytes, so that a character cut in two comes out whole and only lines that
 * matter are decoded. Lines end in LF or CRLF, as every server that speaks this API sends them.
 */
export class SseReader {
  readonly #maxEventBytes: number;
  /** The beginning of a line whose end has not come. */
  #line: Buffer[] = [];
  #lineBytes = 0;
  /** Data lines of the event whose blank line has not come. */
  #data: string | undefined;

  constructor(maxEventBytes: number) {
    this.#maxEventBytes = maxEventBytes;
  }

  /**
   * The data of the events that are whole now.
   * @throws GenfleetError `engine_failed` for an event that is too large or not UTF-8.
   */
  push(chunk: Buffer): string[] {
    const events: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      this.#take(this.#wholeLine(chunk.subarray(start, end)), events);
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
    return events;
  }

  /** The body is over: an event that lacks only its blank line counts. */
  end(): string[] {
    const events: string[] = [];
    this.#take(this.#wholeLine(Buffer.alloc(0)), events);
    if (this.#data !== undefined) events.push(this.#data);
    this.#data = undefined;
    return events;
  }

  #keep(part: Buffer): void {
    this.#line.push(part);
    this.#lineBytes += part.length;
    this.#checkSize(this.#lineBytes);
  }

  #wholeLine(lastPart: Buffer): Buffer {
    if (this.#lineBytes === 0) return lastPart;
    const line = Buffer.concat([...this.#line, lastPart]);
    this.#line = [];
    this.#lineBytes = 0;
    return line;
  }

  #take(line: Buffer, events: string[]): void {
    const end = line[line.length - 1] === RETURN ? line.length - 1 : line.length;
    if (end === 0) {
      if (this.#data !== undefined) events.push(this.#data);
      this.#data = undefined;
      return;
    }
    if (end < DATA.length || DATA.compare(line, 0, DATA.length) !== 0) return;
    const start = line[DATA.length] === SPACE ? DATA.length + 1 : DATA.length;
    const value = line.subarray(start, end);
    this.#checkSize(value.length + (this.#data?.length ?? 0));
    if (!isUtf8(value)) throw new GenfleetError('engine_failed', 'engine sent bytes that are not UTF-8');
    const text = value.toString('utf8');
    this.#data = this.#data === undefined ? text : `${this.#data}\n${text}`;
  }

  #checkSize(sizeBytes: number): void {
    if (sizeBytes <= this.#maxEventBytes) return;
    throw new GenfleetError(
      'engine_failed',
      `engine sent an event of more than ${this.#maxEventBytes} bytes`,
    );
  }
}
