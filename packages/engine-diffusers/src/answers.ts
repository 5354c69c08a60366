import type { IncomingMessage } from 'node:http';
import { GenfleetError } from '@genfleet/job';
import type { z } from 'zod';
import { refusalSchema } from './protocol.ts';

/** The longest answer that is not a stream. */
const ANSWER_LIMIT_BYTES = 4 * 2 ** 20;

/** What a failed request means: the container can't be reached, or broke off. */
export function unreachable(thrown: unknown, url: URL): GenfleetError {
  if (thrown instanceof GenfleetError) return thrown;
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
  const reason = cause instanceof Error ? cause.message || cause.name : String(cause);
  return new GenfleetError('engine_unreachable', `engine at ${url.origin} can't be reached: ${reason}`, {
    cause: thrown,
  });
}

/** The error that an answer other than 200 stands for. */
export async function refusalOf(answer: IncomingMessage): Promise<GenfleetError> {
  const parsed = refusalSchema.safeParse(parseJson(await boundedText(answer)));
  if (!parsed.success) {
    return new GenfleetError('engine_failed', `engine answered ${answer.statusCode} without saying why`);
  }
  const { code, message, retryable } = parsed.data.error;
  return new GenfleetError(code, message, { retryable });
}

/** @throws GenfleetError `engine_failed` when the body is not what the schema says. */
export async function readAnswer<T extends z.ZodType>(
  answer: IncomingMessage,
  schema: T,
): Promise<z.output<T>> {
  return readJson(await boundedText(answer), schema);
}

/** @throws GenfleetError `engine_failed` when the text is not JSON or not what the schema says. */
export function readJson<T extends z.ZodType>(text: string, schema: T): z.output<T> {
  const parsed = schema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  const start = JSON.stringify(text.slice(0, 80));
  throw new GenfleetError('engine_failed', `engine sent what is not of its protocol: ${start}`, {
    cause: parsed.error,
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function boundedText(answer: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    parts.push(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes > ANSWER_LIMIT_BYTES) {
      throw new GenfleetError('engine_failed', `engine answered more than ${ANSWER_LIMIT_BYTES} bytes`);
    }
  }
  return Buffer.concat(parts).toString('utf8');
}
