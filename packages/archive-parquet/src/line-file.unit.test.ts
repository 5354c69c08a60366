import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LineFile } from './line-file.ts';

const ONCE_FULL = 'no space left on device';

/** A disk that takes as many bytes of each write as it is told in turn; at 0 it takes some and says that it is full. */
function disk(takes: readonly number[]) {
  const content = Buffer.alloc(4 * 1_024 * 1_024);
  let writes = 0;
  return {
    content,
    close: async () => undefined,
    async write(bytes: Buffer, from: number, length: number, position: number) {
      const take = takes[writes++ % takes.length] ?? length;
      const bytesWritten = Math.min(length, take || 3);
      bytes.copy(content, position, from, from + bytesWritten);
      if (take === 0) throw new Error(ONCE_FULL);
      return { bytesWritten };
    },
  };
}

async function patiently(step: () => Promise<void>): Promise<void> {
  for (let tries = 0; tries < 5_000; tries += 1) {
    try {
      return await step();
    } catch (error) {
      expect((error as Error).message).toBe(ONCE_FULL);
    }
  }
  throw new Error('never written');
}

describe('a file of lines', () => {
  it('holds each line once, whatever the disk takes at a time and how often it is full', async () => {
    const lines = fc.array(fc.string({ unit: 'grapheme', maxLength: 60 }), { minLength: 1, maxLength: 30 });
    const takes = fc.array(fc.constantFrom(0, 7, 100, 1_000_000), { minLength: 1, maxLength: 5 });
    const given = fc.tuple(
      lines,
      takes.filter((each) => each.some((take) => take > 0)),
      fc.integer({ min: 1, max: 9 }),
    );
    await fc.assert(
      fc.asyncProperty(given, async ([texts, taken, atOnce]) => {
        const { content, ...handle } = disk(taken);
        const file = new LineFile('', handle);
        for (const [index, text] of texts.entries()) {
          file.add(text);
          if (index % atOnce === 0) await patiently(() => file.write());
        }
        await patiently(() => file.write());
        const wanted = Buffer.from(texts.map((text) => `${text}\n`).join(''));
        expect(content.subarray(0, wanted.length + 1)).toEqual(Buffer.concat([wanted, Buffer.alloc(1)]));
      }),
      { numRuns: 100 },
    );
  });

  it('makes room for lines of any length, and says when it holds much', async () => {
    const { content, ...handle } = disk([1_000_000]);
    const file = new LineFile('', handle);
    const text = 'é'.repeat(300_000);
    file.add('a');
    expect(file.holdsMuch).toBe(false);
    file.add(text);
    expect(file.holdsMuch).toBe(true);
    await file.write();
    expect(file.holdsMuch).toBe(false);
    expect(content.subarray(0, 600_003).toString()).toBe(`a\n${text}\n`);
  });
});
