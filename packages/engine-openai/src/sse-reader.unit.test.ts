import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SseReader } from './sse-reader.ts';

const ROOMY = 1_000_000;

/** All events of a body that is cut at these places. */
function read(body: Buffer, cuts: readonly number[] = []): string[] {
  const reader = new SseReader(ROOMY);
  const places = [...new Set(cuts.map((cut) => cut % (body.length + 1)))].sort((a, b) => a - b);
  const bounds = [0, ...places, body.length];
  const pieces = bounds.slice(1).map((end, index) => body.subarray(bounds[index], end));
  return [...pieces.flatMap((piece) => reader.push(piece)), ...reader.end()];
}

describe('server-sent events', () => {
  it.each([
    ['data: a\n\ndata: b\n\n', ['a', 'b']],
    ['data:a\r\n\r\ndata: b\r\n\r\n', ['a', 'b']],
    ['data: one\ndata: two\n\n', ['one\ntwo']],
    [': ping\n\nevent: x\nid: 7\ndata: a\nretry: 3\n\n', ['a']],
    ['data: no blank line', ['no blank line']],
    ['data:\n\n', ['']],
    ['database: a\n\ndat\n\nd\n\n', []],
    ['\n\n\n', []],
  ])('%j', (body, events) => {
    expect(read(Buffer.from(body))).toEqual(events);
  });

  it('come out the same however the body is cut', () => {
    const event = fc.string({ unit: 'binary', maxLength: 40 }).map((text) => text.replace(/[\r\n]/g, '·'));
    fc.assert(
      fc.property(fc.array(event), fc.array(fc.nat()), fc.constantFrom('\n', '\r\n'), (events, cuts, end) => {
        const clean = events.map((text) => Buffer.from(text).toString());
        const body = Buffer.from(clean.map((text) => `: remark${end}data: ${text}${end}${end}`).join(''));
        expect(read(body, cuts)).toEqual(clean);
      }),
    );
  });

  it('are refused when they are not UTF-8', () => {
    expect(() => read(Buffer.from([...Buffer.from('data: '), 0xff, 0x0a, 0x0a]))).toThrow('UTF-8');
  });

  it.each(['data: '.padEnd(200, 'x'), `${'data: xxxxxxxx\n'.repeat(20)}\n`])('have a limit: %j', (body) => {
    expect(() => new SseReader(100).push(Buffer.from(body))).toThrow('more than 100 bytes');
  });
});
