import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodePlace, encodeBefore, formatMessageId, isBefore, parseMessageId } from './message-id.ts';

const places = fc.record({
  ledgerId: fc.nat({ max: 999_999_999_999_999 }),
  entryId: fc.nat({ max: 9_999_999_999 }),
  batchIndex: fc.nat({ max: 99_999 }),
});

describe('message ids', () => {
  it('sort as text in the order of the topic', () => {
    fc.assert(
      fc.property(places, places, (a, b) => {
        expect(formatMessageId(a) < formatMessageId(b)).toBe(isBefore(a, b));
      }),
    );
    const near = fc.record({ ledgerId: fc.nat(12), entryId: fc.nat(12), batchIndex: fc.nat(12) });
    fc.assert(
      fc.property(near, near, (a, b) => expect(formatMessageId(a) < formatMessageId(b)).toBe(isBefore(a, b))),
    );
  });

  it('come back as they went', () => {
    fc.assert(fc.property(places, (place) => expect(parseMessageId(formatMessageId(place))).toEqual(place)));
  });

  it('count a message that was not batched as the first of its entry', () => {
    expect(formatMessageId({ ledgerId: 7, entryId: 3, batchIndex: -1 })).toBe(
      '000000000000007:0000000003:00000',
    );
  });

  it('are refused when another bus made them', () => {
    for (const text of ['', '42', '7:3:0', '000000000000007:0000000003:00000 ']) {
      expect(() => parseMessageId(text)).toThrow('is not a message id');
    }
  });

  it('are refused rather than made wrong when a number is too large', () => {
    expect(() => formatMessageId({ ledgerId: 1e15, entryId: 0, batchIndex: 0 })).toThrow('does not fit');
  });
});

describe("Pulsar's own form", () => {
  it('is read as a broker sends it', () => {
    // as the WebSocket service and the native client gave them for (8,0), (8,1) and (5,1) with batch index 3
    expect(decodePlace(Buffer.from('CAgQADAA', 'base64'))).toEqual({
      ledgerId: 8,
      entryId: 0,
      batchIndex: 0,
    });
    expect(decodePlace(Buffer.from('CAgQATAA', 'base64'))).toEqual({
      ledgerId: 8,
      entryId: 1,
      batchIndex: 0,
    });
    expect(decodePlace(Buffer.from('0805100120033005', 'hex'))).toMatchObject({ entryId: 1, batchIndex: 3 });
  });

  it('points before an entry, also before the first', () => {
    fc.assert(
      fc.property(places, ({ ledgerId, entryId }) => {
        expect(decodePlace(encodeBefore({ ledgerId, entryId }))).toEqual({
          ledgerId,
          entryId: entryId - 1,
          batchIndex: 0,
        });
      }),
    );
  });

  it('is refused when cut off', () => {
    expect(() => decodePlace(Buffer.from('0888', 'hex'))).toThrow('cut off');
  });
});
