import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SseParser } from './sse-parser.ts';

const STREAM =
  ': hello\n\nid: 0.0.0\nevent: queued\ndata: {"a":1}\n\nevent: progress\ndata: x\ndata: y\r\n\r\n';

describe('SseParser', () => {
  it('gives events with their ids, and drops comments', () => {
    expect(new SseParser().push(STREAM)).toEqual([
      { event: 'queued', data: '{"a":1}', id: '0.0.0', hasId: true },
      { event: 'progress', data: 'x\ny', id: '0.0.0', hasId: false },
    ]);
  });

  it('gives the same however the text is cut', () => {
    const whole = new SseParser().push(STREAM);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: STREAM.length }), { maxLength: 8 }), (cuts) => {
        const marks = [0, ...cuts.sort((a, b) => a - b), STREAM.length];
        const parser = new SseParser();
        const events = marks.slice(1).flatMap((end, index) => parser.push(STREAM.slice(marks[index], end)));
        expect(events).toEqual(whole);
      }),
    );
  });

  it('keeps an event that is not complete to itself', () => {
    expect(new SseParser().push('event: completed\ndata: {}\n')).toEqual([]);
  });

  it('refuses a line without end', () => {
    expect(() => new SseParser().push(`data: ${'x'.repeat(1_000_001)}`)).toThrow(RangeError);
  });
});
