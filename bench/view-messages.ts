import type { Bus, Message, ReadBatch, ReadOptions } from '../packages/bus/src/index.ts';
import {
  type EventType,
  encodeEvent,
  GenfleetError,
  type Topic,
  topicOf,
} from '../packages/job/src/index.ts';

const TYPES = ['requested', 'started', 'completed'] as const;
/** Ten jobs a second up to now; the last ones wait. */
const EVERY_MS = 100;
const WAITING = 50;
const WORDS = ['red', 'green', 'blue', 'circle', 'square', 'above', 'below', 'two', 'three', 'night'];

/** Jobs `0` to `jobs - 1`, each requested, started and completed but the last: what a fleet leaves behind. */
export interface History {
  readonly jobs: number;
  readonly startMs: number;
}

export function idOf(history: History, n: number): string {
  const hex = (history.startMs + n * EVERY_MS).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7${hash(n).slice(0, 3)}-8${hash(n).slice(3, 6)}-${hash(n).slice(6, 18)}`;
}

/** A stand-in for a digest: 64 hexadecimal digits that differ from job to job. */
function hash(n: number): string {
  let state = (n + 1) >>> 0;
  let text = '';
  for (let part = 0; part < 8; part++) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d + part) >>> 0;
    state = Math.imul(state ^ (state >>> 12), 0x297a2d39) >>> 0;
    text += state.toString(16).padStart(8, '0');
  }
  return text;
}

function eventText(history: History, type: (typeof TYPES)[number], n: number): string {
  const id = idOf(history, n);
  const atMs = history.startMs + n * EVERY_MS;
  const iso = (afterMs: number) => new Date(atMs + afterMs).toISOString();
  const head = { version: 1, id, kind: 'txt2img', tenant: 'default', redrive: 0, attempt: 1 } as const;
  const model = n % 10 === 0 ? 'sdxl' : 'genfleet-demo';
  if (type === 'started') {
    const claim = `${hash(n).slice(0, 8)}-${hash(n).slice(8, 12)}-4abc-8def-${hash(n).slice(12, 24)}`;
    return encodeEvent({
      type,
      ...head,
      claim,
      worker: `worker-${n % 4}`,
      model,
      time: iso(50),
      released: false,
    });
  }
  if (type === 'completed') {
    const image = {
      content_type: 'image/jpeg',
      size_bytes: 40_000 + (n % 1_000),
      width: 512,
      height: 512,
      seed: n,
    };
    const artifacts = [{ key: `${id}.jpg`, ...image, sha256: hash(n) }];
    const timings = { queued_ms: 50, model_load_ms: 0, generate_ms: 1_500 + (n % 100), store_ms: 12 };
    return encodeEvent({
      type,
      ...head,
      worker: `worker-${n % 4}`,
      model,
      artifacts,
      timings,
      complete_time: iso(90),
    });
  }
  const words = Array.from({ length: 8 }, (_, at) => WORDS[(n * 7 + at * 3) % WORDS.length]);
  const settings = {
    ...{
      prompt: `a picture of ${words.join(' ')}, number ${n}`,
      negative_prompt: '',
      seed: n,
      sampler_name: 'euler',
    },
    ...{ batch_size: 1, n_iters: 1, steps: 20, cfg_scale: 7, width: 512, height: 512, model },
  };
  const metadata = { grouping: `group/${n % 1_000}` };
  return encodeEvent({ type, ...head, settings, metadata, request_time: iso(0), failures: [] });
}

/**
 * A bus that makes up its messages as they are read, so that what is measured holds nothing but the view. Its
 * topics: the history's, and empty ones.
 */
export function historyBus(history: History): Bus {
  const refused = () => Promise.reject(new GenfleetError('closed', 'a history is only read'));
  return {
    producer: async () => ({ send: refused, close: async () => undefined }),
    subscribe: async () => ({
      pause: () => undefined,
      resume: () => undefined,
      close: async () => undefined,
    }),
    read: (topic, options) => readHistory(history, topic, options),
    lastMessageId: async (topic) => {
      const end = endOf(history, typeOf(topic));
      return end === 0 ? undefined : messageIdOf(end);
    },
    ensureTopics: async () => undefined,
    backlog: async () => 0,
    nowMs: Date.now,
    ping: async () => undefined,
    close: async () => undefined,
  };
}

async function* readHistory(history: History, topic: Topic, options: ReadOptions): AsyncGenerator<ReadBatch> {
  const { from, signal, batchSize = 500 } = options;
  const type = typeOf(topic);
  const end = endOf(history, type);
  let next = typeof from === 'object' && 'afterMessageId' in from ? Number(from.afterMessageId) : 0;
  do {
    const messages: Message[] = [];
    for (; type && messages.length < batchSize && next < end; next++) {
      const publishTimeMs = history.startMs + next * EVERY_MS + TYPES.indexOf(type) * 40;
      const value = eventText(history, type, next);
      messages.push({
        ...{ messageId: messageIdOf(next + 1), topic: topic.name, key: '', properties: {} },
        value,
        publishTimeMs,
      });
    }
    yield { messages, caughtUp: next >= end };
  } while (next < end && !signal.aborted);
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

const messageIdOf = (place: number) => String(place).padStart(12, '0');

function endOf(history: History, type: EventType | undefined): number {
  if (type === 'requested') return history.jobs;
  return type ? history.jobs - WAITING : 0;
}

function typeOf(topic: Topic): (typeof TYPES)[number] | undefined {
  return TYPES.find((type) => topicOf(type, 'txt2img').name === topic.name);
}
