import { GenfleetError } from '@genfleet/job';

const NEWLINE = 0x0a;

/**
 * The lines of a body as text, none longer than `maxLineBytes`; a last line without a newline counts.
 * @throws GenfleetError `engine_failed` for a line that is too long or not UTF-8; whatever reading the body throws.
 */
export async function* textLines(
  body: AsyncIterable<Uint8Array>,
  maxLineBytes: number,
): AsyncGenerator<string, void, undefined> {
  let parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of body) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      parts.push(chunk.subarray(start, end));
      check(sizeBytes + end - start, maxLineBytes);
      yield decode(parts);
      parts = [];
      sizeBytes = 0;
      start = end + 1;
    }
    parts.push(chunk.subarray(start));
    sizeBytes += chunk.length - start;
    check(sizeBytes, maxLineBytes);
  }
  if (sizeBytes > 0) yield decode(parts);
}

function check(sizeBytes: number, maxLineBytes: number): void {
  if (sizeBytes <= maxLineBytes) return;
  throw new GenfleetError('engine_failed', `engine sent a line of more than ${maxLineBytes} bytes`);
}

function decode(parts: readonly Uint8Array[]): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(parts));
  } catch (cause) {
    throw new GenfleetError('engine_failed', 'engine sent bytes that are not UTF-8', { cause });
  }
}
