import { setTimeout as sleep } from 'node:timers/promises';
import { type CutLimits, DEFAULT_LIMITS, HOUR_MS, type SegmentWriter, TopicArchive } from '@genfleet/archive';
import type { ObjectStore } from '@genfleet/artifacts';
import type { Bus, TopicSpec } from '@genfleet/bus';
import { ledgerTables } from '@genfleet/ledger';
import type { ArchiveMetrics, Logger } from '@genfleet/telemetry';
import type { TopicParts } from './options.ts';
import { TopicRecorder } from './topic-recorder.ts';

/** A topic that forgets is put so many times while it holds a message. */
const TIMES_IN_RETENTION = 4;
const MIN_INTERVAL_MS = 1_000;
const PING_MS = 2_000;

export interface RecorderOptions {
  readonly bus: Bus;
  readonly objects: ObjectStore;
  readonly writer: SegmentWriter;
  /** All topics, with how long each keeps its messages. */
  readonly topics: readonly TopicSpec[];
  /** A file holds the messages of so long, at most an hour. */
  readonly intervalMs: number;
  readonly limits?: Omit<CutLimits, 'intervalMs'>;
  readonly log: Logger;
  readonly metrics: ArchiveMetrics;
  /** Unix time in ms. */
  readonly now: () => number;
}

export interface Recorder {
  /** Rejects with the reason while a topic does not get into the archive. */
  ready(): Promise<void>;
  /** Ends what it is putting, within the grace. What is not put is in the topics, where the next one reads it. */
  stop(graceMs: number): Promise<void>;
}

/** Every durable topic of every kind, with its place in the archive. */
export function topicParts({
  bus,
  objects,
  writer,
}: Pick<RecorderOptions, 'bus' | 'objects' | 'writer'>): readonly TopicParts[] {
  return ledgerTables().map((table) => ({
    ...{ bus, writer, table },
    archive: new TopicArchive(objects, table.name),
  }));
}

/** Follows every topic into the archive until stopped. */
export function startRecorder(options: RecorderOptions): Recorder {
  const { bus, objects, topics, metrics, log, now, limits = DEFAULT_LIMITS } = options;
  const retentionMs = new Map(topics.map((spec) => [spec.topic.name, spec.retentionMs]));
  const recorders = topicParts(options).map((parts) => {
    const keptMs = retentionMs.get(parts.table.name) ?? Number.POSITIVE_INFINITY;
    const intervalMs = Math.max(
      MIN_INTERVAL_MS,
      Math.min(options.intervalMs, HOUR_MS, keptMs / TIMES_IN_RETENTION),
    );
    const forgets = Number.isFinite(keptMs);
    return new TopicRecorder({ ...parts, limits: { ...limits, intervalMs }, forgets, log, metrics, now });
  });
  metrics.watchLag(() => new Map(recorders.map((each) => [each.topic, each.lagSeconds()])));
  const [draining, ended] = [new AbortController(), new AbortController()];
  const endings = { draining: draining.signal, ended: ended.signal };
  const running = Promise.all(recorders.map((each) => each.run(endings)));
  return {
    async ready() {
      for (const { fault } of recorders) if (fault) throw fault;
      await Promise.all([bus.ping(PING_MS), objects.health()]);
    },
    async stop(graceMs) {
      draining.abort();
      const late = sleep(graceMs, undefined, { ref: false }).then(() => ended.abort());
      await Promise.race([running, late]);
      await running;
    },
  };
}
