import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { Problem } from './problem.ts';

/** Read and thrown away beyond the limit, so that the sender gets to see the 413 and not a broken pipe. */
const DRAIN_BYTES = 8 * 1024 * 1024;

export type Body =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly problem: Problem }
  /** The client is gone; there is nobody to answer. */
  | { readonly ok: false; readonly problem: undefined };

const refuse = (status: number, detail: string, headers?: Record<string, string>): Body => ({
  ok: false,
  problem: { status, detail, ...(headers ? { headers } : {}) },
});

/** Reads a JSON body of at most `maxBytes`. All that can be wrong with it is a return value. */
export async function readJson(req: IncomingMessage, maxBytes: number): Promise<Body> {
  const wrongType = typeFault(req);
  if (wrongType) return refuse(415, wrongType);
  const read = await readBytes(req, maxBytes);
  if (read === 'gone') return { ok: false, problem: undefined };
  if (read === 'too large') {
    return refuse(413, `The body is larger than ${maxBytes} bytes`, { connection: 'close' });
  }
  if (!isUtf8(read)) return refuse(400, 'The body is not valid UTF-8');
  try {
    return { ok: true, value: JSON.parse(read.toString('utf8')) };
  } catch (error) {
    return refuse(
      400,
      `The body is not valid JSON: ${error instanceof Error ? error.message : 'unreadable'}`,
    );
  }
}

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;\s*charset="?utf-?8"?\s*)?$/i;

function typeFault(req: IncomingMessage): string | undefined {
  const type = req.headers['content-type'];
  if (type !== 'application/json' && (type === undefined || !JSON_TYPE.test(type))) {
    return `Content-Type must be application/json in UTF-8; it is ${type || 'missing'}`;
  }
  const encoding = req.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') return `Content-Encoding ${encoding} is not taken`;
  return undefined;
}

function readBytes(req: IncomingMessage, maxBytes: number): Promise<Buffer | 'gone' | 'too large'> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    req.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) chunks.push(chunk);
      else if (size > maxBytes + DRAIN_BYTES) resolve('too large');
    });
    req.once('end', () =>
      resolve(
        size > maxBytes
          ? 'too large'
          : ((chunks.length === 1 ? chunks[0] : undefined) ?? Buffer.concat(chunks)),
      ),
    );
    req.once('error', () => resolve('gone'));
    req.once('close', () => resolve('gone'));
  });
}
