import type { z } from 'zod';
import { GenfleetError } from './error.ts';
import { type JobEvent, jobEventSchema, type NewsEvent, newsSchema } from './event.ts';
import { OwnTexts } from './own-texts.ts';
import { IN_PLAIN_WORDS } from './plain-words.ts';

const ownEvents = new OwnTexts<JobEvent>();
const ownNews = new OwnTexts<NewsEvent>();

/** The fold of a process reads every event of its own, its worker the requests, and one feed the news. */
const READERS = { request: 2, other: 1 };

function decode<T>(schema: z.ZodType<T>, text: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new GenfleetError('invalid_message', 'message is not JSON', { cause });
  }
  const parsed = schema.safeParse(value, IN_PLAIN_WORDS);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue?.path.join('.') || 'message';
  throw new GenfleetError('invalid_message', `${where}: ${issue?.message ?? 'invalid'}`, {
    cause: parsed.error,
  });
}

/** The bytes of a durable message are the UTF-8 of this text; receipts hash them. */
export function encodeEvent(event: JobEvent | NewsEvent): string {
  return JSON.stringify(event);
}

/** As `encodeEvent`, for an event that this process will not change any more: `decodeEvent` may give the same again. */
export function encodeOwnEvent(event: JobEvent): string {
  const text = encodeEvent(event);
  ownEvents.add(text, event, event.type === 'requested' ? READERS.request : READERS.other);
  return text;
}

/** As `encodeOwnEvent`, for `decodeNews`. */
export function encodeOwnNews(event: NewsEvent): string {
  const text = encodeEvent(event);
  ownNews.add(text, event, READERS.other);
  return text;
}

/** Reads a durable message. @throws GenfleetError `invalid_message` naming the first path that is wrong. */
export function decodeEvent(text: string): JobEvent {
  return ownEvents.find(text) ?? decode(jobEventSchema, text);
}

/** Reads a message of the progress topic. @throws GenfleetError `invalid_message`. */
export function decodeNews(text: string): NewsEvent {
  return ownNews.find(text) ?? decode(newsSchema, text);
}
