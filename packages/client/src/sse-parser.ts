/** One event of a `text/event-stream` (WHATWG HTML, section 9.2). */
export interface SseEvent {
  readonly event: string;
  readonly data: string;
  /** The last id seen so far, which may come from an earlier event. */
  readonly id: string;
  /** Whether this very event carried an id. */
  readonly hasId: boolean;
}

/** A line that never ends must not fill the memory: more than any event of the API. */
const MAX_LINE_CHARS = 1_000_000;

/** Incremental: give it text as it comes, get the events that are complete. Comments are dropped. */
export class SseParser {
  #rest = '';
  #data: string[] = [];
  #event = '';
  #id = '';
  #hasId = false;

  /** @throws RangeError when a line is longer than any event can be. */
  push(text: string): SseEvent[] {
    const events: SseEvent[] = [];
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > MAX_LINE_CHARS) throw new RangeError('event stream: line too long');
    for (const line of lines) {
      if (line === '') this.#dispatch(events);
      else this.#field(line);
    }
    return events;
  }

  #dispatch(events: SseEvent[]): void {
    if (this.#data.length > 0) {
      events.push({
        event: this.#event || 'message',
        data: this.#data.join('\n'),
        id: this.#id,
        hasId: this.#hasId,
      });
    }
    this.#data = [];
    this.#event = '';
    this.#hasId = false;
  }

  #field(line: string): void {
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'data') this.#data.push(value);
    else if (name === 'event') this.#event = value;
    else if (name === 'id' && !value.includes('\0')) {
      this.#id = value;
      this.#hasId = true;
    }
  }
}
