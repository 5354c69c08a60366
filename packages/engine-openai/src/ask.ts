import { GenfleetError } from '@genfleet/job';
import type { Dispatcher } from 'undici';
import { exchange, TransportError } from './exchange.ts';
import { parseJson } from './json.ts';
import { refusal } from './refusal.ts';

/** The longest answer that is not a stream. */
const ANSWER_LIMIT_BYTES = 4 * 2 ** 20;

interface Question {
  readonly pool: Dispatcher;
  readonly base: URL;
  /** Below the base. */
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly signal: AbortSignal;
}

/** @throws GenfleetError what a refusal or a failed connection stands for. */
export async function getJson({ pool, base, path, headers, signal }: Question): Promise<unknown> {
  const parts: Buffer[] = [];
  let status = 0;
  let sizeBytes = 0;
  const request = { method: 'GET', path: base.pathname + path + base.search, headers } as const;
  const receiver = {
    onHead(given: number): void {
      status = given;
    },
    onData(chunk: Buffer): boolean {
      sizeBytes += chunk.length;
      if (sizeBytes > ANSWER_LIMIT_BYTES) {
        throw new GenfleetError('engine_failed', `engine answered more than ${ANSWER_LIMIT_BYTES} bytes`);
      }
      parts.push(chunk);
      return false;
    },
  };
  try {
    await exchange(pool, request, receiver, signal);
  } catch (thrown) {
    if (thrown instanceof TransportError) throw thrown.toGenfleetError(base.origin);
    throw thrown;
  }
  const body = parseJson(Buffer.concat(parts).toString('utf8'));
  if (status !== 200) throw refusal(status, body);
  return body;
}
