import { createHash } from 'node:crypto';
import type { ArtifactStore } from '@genfleet/artifacts';
import type { Bus } from '@genfleet/bus';
import {
  type ChoiceDelta,
  choiceCount,
  encodeEvent,
  type JobEvent,
  progressTopic,
  type RequestedEvent,
  type TextEvent,
  topicOf,
} from '@genfleet/job';
import { started } from './job-events.ts';

/** What it writes, whatever it is asked. */
export const WRITTEN = ['\n    return', ' a + b'] as const;
const USAGE = { prompt_tokens: 7, completion_tokens: 6 };
const MODEL = 'by-hand';

/** Does by hand what a worker does with a completion, with a token's probability where that is asked for. */
export class HandWriter {
  readonly #bus: Bus;
  readonly #artifacts: ArtifactStore;

  constructor(bus: Bus, artifacts: ArtifactStore) {
    this.#bus = bus;
    this.#artifacts = artifacts;
  }

  /** Start, text, end. */
  async write(job: RequestedEvent<'completion'>): Promise<void> {
    const claim = started(job, job.attempt);
    await this.#publish(claim);
    const indexes = Array.from({ length: choiceCount(job.settings) }, (_, index) => index);
    const pieces: ChoiceDelta[][] = WRITTEN.map((text) => indexes.map((index) => delta(job, index, text)));
    pieces.push(indexes.map((index) => ({ index, text: '', finish_reason: 'stop' })));
    const progress = await this.#bus.producer(progressTopic('completion'));
    for (const [seq, deltas] of pieces.entries()) {
      const text: TextEvent = {
        type: 'text',
        id: job.id,
        redrive: job.redrive,
        attempt: job.attempt,
        claim: claim.claim,
        seq,
        deltas,
        ...(seq === WRITTEN.length ? { end: { model: MODEL, usage: USAGE } } : {}),
      };
      await progress.send({ key: job.id, value: encodeEvent(text) });
    }
    const { version, id, tenant, redrive, attempt } = job;
    await this.#publish({
      type: 'completed',
      kind: 'completion',
      version,
      id,
      tenant,
      redrive,
      attempt,
      worker: claim.worker,
      model: MODEL,
      usage: USAGE,
      artifacts: job.store ? [await this.#store(job, indexes)] : [],
      timings: { queued_ms: 1, model_load_ms: 0, generate_ms: 2, store_ms: 3 },
      complete_time: claim.time,
    });
  }

  async #publish(event: JobEvent): Promise<void> {
    const producer = await this.#bus.producer(topicOf(event.type, event.kind));
    await producer.send({ key: event.id, value: encodeEvent(event) });
  }

  async #store(job: RequestedEvent<'completion'>, indexes: readonly number[]) {
    const choices = indexes.map((index) => ({
      index,
      text: WRITTEN.join(''),
      finish_reason: 'stop' as const,
    }));
    const bytes = Buffer.from(JSON.stringify({ model: MODEL, choices, usage: USAGE }));
    const key = `${job.id}.json`;
    await this.#artifacts.put(key, bytes, 'application/json');
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    return { key, content_type: 'application/json', size_bytes: bytes.byteLength, sha256 };
  }
}

function delta({ settings }: RequestedEvent<'completion'>, index: number, text: string): ChoiceDelta {
  if (settings.logprobs === undefined) return { index, text };
  return { index, text, tokens: [{ text, logprob: -0.5, top: [{ text, logprob: -0.5 }] }] };
}
