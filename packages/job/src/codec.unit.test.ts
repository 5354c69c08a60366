import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { anyEvent } from '../test/arbitrary-events.test.ts';
import { completed, requested, started } from '../test/sample-events.test.ts';
import { decodeEvent, decodeNews, encodeEvent, encodeOwnEvent, encodeOwnNews } from './codec.ts';
import { GenfleetError } from './error.ts';

// on a machine that is busy with other things
jest.setTimeout(300_000);

function refusal(text: string): GenfleetError {
  try {
    decodeEvent(text);
  } catch (err) {
    if (err instanceof GenfleetError) return err;
    throw err;
  }
  throw new TypeError('was read');
}

describe('events as text', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        expect(decodeEvent(encodeEvent(event))).toEqual(event);
      }),
      { numRuns: 500 },
    );
  });

  it('come back the same from the bytes of UTF-8, lone surrogates and NUL included', () => {
    const event = requested({ metadata: { odd: 'a\0b\ud800c', ключ: '鍵' } });
    expect(decodeEvent(Buffer.from(encodeEvent(event)).toString())).toEqual(event);
  });

  it('leave out fields that this version does not know', () => {
    const event = { ...started(), colour: 'green' };
    expect(decodeEvent(JSON.stringify(event))).toEqual(started());
  });

  it('take a claim without `released` as one that was not given back', () => {
    const { released: _released, ...claim } = started();
    expect(decodeEvent(JSON.stringify(claim))).toEqual(started());
  });

  it.each([
    ['{"type":', 'message is not JSON'],
    ['', 'message is not JSON'],
    ['null', 'message: '],
    ['[]', 'message: '],
    ['{"type":"exploded"}', 'type: '],
    [JSON.stringify({ ...requested(), version: 2 }), 'version: '],
    [JSON.stringify({ ...requested(), id: 'x' }), 'id: '],
    [JSON.stringify({ ...requested(), id: requested().id.toUpperCase() }), 'id: '],
    [JSON.stringify({ ...requested(), kind: 'txt2cake' }), 'kind: '],
    [JSON.stringify({ ...requested(), redrive: -1 }), 'redrive: '],
    [JSON.stringify({ ...requested(), attempt: 1.5 }), 'attempt: '],
    [
      JSON.stringify({ ...requested(), settings: { ...requested().settings, width: 65 } }),
      'settings.width: ',
    ],
    [
      JSON.stringify({ ...requested(), settings: { ...requested().settings, seed: undefined } }),
      'settings.seed: ',
    ],
    [JSON.stringify({ ...requested(), metadata: { a: 1 } }), 'metadata.a: '],
    [JSON.stringify({ ...requested(), deadline: 'soon' }), 'deadline: '],
    [JSON.stringify({ ...completed(), artifacts: [] }), 'artifacts: '],
    [JSON.stringify({ ...completed(), artifacts: [{ key: 'a' }] }), 'artifacts.0.content_type: '],
    [JSON.stringify({ ...completed(), timings: {} }), 'timings.queued_ms: '],
  ])('refuse %s with the path that is wrong', (text, start) => {
    const error = refusal(text);
    expect(error.code).toBe('invalid_message');
    expect(error.retryable).toBe(false);
    expect(error.message.slice(0, start.length)).toBe(start);
  });

  it('refuse anything else as invalid_message, whatever it is', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      fc.tuple(anyEvent, fc.json(), fc.nat()).map(([event, value, which]) => {
        const keys = Object.keys(event).filter((key) => key !== 'deadline');
        return JSON.stringify({ ...event, [keys[which % keys.length] ?? 'id']: JSON.parse(value) });
      }),
    );
    fc.assert(
      fc.property(hostile, (text) => {
        try {
          const event = decodeEvent(text);
          expect(decodeEvent(encodeEvent(event))).toEqual(event);
        } catch (err) {
          expect(err).toMatchObject({ name: 'GenfleetError', code: 'invalid_message' });
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('events of this process as text', () => {
  const own = (n: number) => requested({ metadata: { n: String(n) } });

  it('are given again as they are, to whoever reads that text', () => {
    const event = own(0);
    const text = encodeOwnEvent(event);
    expect(text).toBe(encodeEvent(event));
    expect(decodeEvent(Buffer.from(text).toString())).toBe(event);
    const news = { type: 'progress', id: event.id, redrive: 0, attempt: 1, step: 1, steps: 2 } as const;
    expect(decodeNews(encodeOwnNews(news))).toBe(news);
    expect(() => decodeEvent(encodeEvent(news))).toThrow(/^type: /);
  });

  it('are let go after their last reader, and read out of their text from then on', () => {
    const event = own(600);
    const text = encodeOwnEvent(event);
    expect([decodeEvent(text), decodeEvent(text)].every((read) => read === event)).toBe(true);
    expect(decodeEvent(text)).not.toBe(event);
    expect(decodeEvent(text)).toEqual(event);
    const claim = started();
    const claimed = encodeOwnEvent(claim);
    expect(decodeEvent(claimed)).toBe(claim);
    expect(decodeEvent(claimed)).not.toBe(claim);
  });

  it('are read out of their text once many others have come, and when they are large', () => {
    const event = own(1);
    const text = encodeOwnEvent(event);
    for (let n = 2; n < 502; n += 1) encodeOwnEvent(own(n));
    const metadata = Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`${n}`, 'x'.repeat(1_000)]));
    const large = requested({ metadata });
    expect(decodeEvent(text)).not.toBe(event);
    expect(decodeEvent(text)).toEqual(event);
    expect(decodeEvent(encodeOwnEvent(large))).not.toBe(large);
  });

  it('are what others read', () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        expect(decodeEvent(encodeEvent(event))).toEqual(decodeEvent(encodeOwnEvent(event)));
      }),
    );
  });
});

describe('progress as text', () => {
  const progress = {
    type: 'progress',
    id: requested().id,
    redrive: 0,
    attempt: 1,
    step: 3,
    steps: 20,
  } as const;

  it('comes back as it was', () => {
    expect(decodeNews(encodeEvent(progress))).toEqual(progress);
  });

  it('is refused with the path that is wrong', () => {
    expect(() => decodeNews(JSON.stringify({ ...progress, steps: 0 }))).toThrow(/^steps: /);
    expect(() => decodeNews(JSON.stringify({ ...progress, preview: 'x'.repeat(200_001) }))).toThrow(
      /^preview: /,
    );
  });
});
