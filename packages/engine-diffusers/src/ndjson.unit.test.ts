import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { textLines } from './ndjson.ts';

async function linesOf(chunks: readonly Uint8Array[], maxLineBytes = 1_000): Promise<string[]> {
  async function* body() {
    yield* chunks;
  }
  const found: string[] = [];
  for await (const line of textLines(body(), maxLineBytes)) found.push(line);
  return found;
}

describe('textLines', () => {
  it('gives the same lines however the bytes are cut', async () => {
    const line = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !/[\n\r]/.test(text));
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.array(fc.nat(50)), fc.boolean(), async (wanted, cuts, closed) => {
        const bytes = Buffer.from(wanted.join('\n') + (closed && wanted.length > 0 ? '\n' : ''));
        const chunks: Uint8Array[] = [];
        let at = 0;
        for (const size of cuts) {
          chunks.push(bytes.subarray(at, at + size));
          at += size;
        }
        chunks.push(bytes.subarray(at));
        expect(await linesOf(chunks, 10_000)).toEqual(wanted);
      }),
    );
  });

  it('refuses a line that is too long, ended or not', async () => {
    const fault = { code: 'engine_failed', message: expect.stringContaining('more than 4 bytes') };
    await expect(linesOf([Buffer.from('12345\n')], 4)).rejects.toMatchObject(fault);
    await expect(linesOf([Buffer.from('123'), Buffer.from('45')], 4)).rejects.toMatchObject(fault);
    expect(await linesOf([Buffer.from('1234\n1234')], 4)).toEqual(['1234', '1234']);
  });

  it('refuses what is not UTF-8', async () => {
    await expect(linesOf([Buffer.from([0xff, 0x0a])])).rejects.toMatchObject({ code: 'engine_failed' });
  });
});
