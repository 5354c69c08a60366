import { setTimeout as sleep } from 'node:timers/promises';
import { openBus } from '@genfleet/adapters';
import type { Bus } from '@genfleet/bus';
import { readConfig } from '@genfleet/config';
import { type EventType, GenfleetError, KINDS, type Topic, topicsOf } from '@genfleet/job';

const PATIENCE_MS = 60_000;
const AGAIN_MS = 1_000;

/** An end of a job as its message has it. */
export interface End {
  readonly type: 'completed' | 'dead' | 'cancelled';
  readonly attempt: number | undefined;
  /** Of completed jobs: key and hash of each file. */
  readonly files: readonly { readonly key: string; readonly sha256: string }[];
  readonly code: string | undefined;
}

/** What the topics say of a job, by nobody's rules: only counted. */
export interface Written {
  requests: number;
  /** Claims that were not given back. */
  claims: number;
  readonly ends: End[];
}

interface Raw {
  readonly id: string;
  readonly claim?: string;
  readonly released?: boolean;
  readonly attempt?: number;
  readonly artifacts?: End['files'];
  readonly error?: { readonly code: string };
}

/** Reads every topic from its first message to its last, with nothing of the product but its bus; each time the rest. */
export class LedgerReader {
  readonly #jobs = new Map<string, Written>();
  readonly #places = new Map<string, string>();

  async read(env: Readonly<Record<string, string>>): Promise<ReadonlyMap<string, Written>> {
    const bus = await openBus(readConfig(env));
    try {
      const topics = KINDS.flatMap((kind) => topicsOf(kind));
      await Promise.all(topics.map(({ topic, type }) => this.#readPatiently(bus, topic, type)));
    } finally {
      await bus.close();
    }
    return this.#jobs;
  }

  /** A broker that was harmed just before may not answer at once. */
  async #readPatiently(bus: Bus, topic: Topic, type: EventType): Promise<void> {
    const endMs = performance.now() + PATIENCE_MS;
    for (;;) {
      try {
        return await this.#readTopic(bus, topic, type);
      } catch (error) {
        const isAway = error instanceof GenfleetError && error.code === 'bus_unavailable';
        if (!isAway || performance.now() > endMs) throw error;
        await sleep(AGAIN_MS);
      }
    }
  }

  async #readTopic(bus: Bus, topic: Topic, type: EventType): Promise<void> {
    const done = new AbortController();
    const place = this.#places.get(topic.name);
    const from = place === undefined ? 'earliest' : { afterMessageId: place };
    for await (const { messages, caughtUp } of bus.read(topic, { from, signal: done.signal })) {
      for (const { value, messageId } of messages) {
        note(this.#jobs, type, JSON.parse(value) as Raw);
        this.#places.set(topic.name, messageId);
      }
      if (caughtUp) break;
    }
    done.abort();
  }
}

function note(jobs: Map<string, Written>, type: EventType, raw: Raw): void {
  const job = jobs.get(raw.id) ?? { requests: 0, claims: 0, ends: [] };
  jobs.set(raw.id, job);
  switch (type) {
    case 'requested':
      job.requests += 1;
      break;
    case 'started':
      job.claims += raw.released ? -1 : 1;
      break;
    default:
      job.ends.push({
        type,
        attempt: raw.attempt,
        files: (raw.artifacts ?? []).map(({ key, sha256 }) => ({ key, sha256 })),
        code: raw.error?.code,
      });
  }
}
