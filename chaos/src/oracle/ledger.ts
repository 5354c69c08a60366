import { openBus } from '@genfleet/adapters';
import { readConfig } from '@genfleet/config';
import { type EventType, KINDS, topicsOf } from '@genfleet/job';

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

/** Reads every topic from its first message to its last, with nothing of the product but its bus. */
export async function readLedger(env: Readonly<Record<string, string>>): Promise<Map<string, Written>> {
  const bus = await openBus(readConfig(env));
  const jobs = new Map<string, Written>();
  try {
    for (const { topic, type } of KINDS.flatMap((kind) => topicsOf(kind))) {
      const done = new AbortController();
      for await (const { messages, caughtUp } of bus.read(topic, {
        from: 'earliest',
        signal: done.signal,
      })) {
        for (const { value } of messages) note(jobs, type, JSON.parse(value) as Raw);
        if (caughtUp) break;
      }
      done.abort();
    }
  } finally {
    await bus.close();
  }
  return jobs;
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
