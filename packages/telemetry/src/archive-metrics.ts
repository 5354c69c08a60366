import { Counter, Gauge, type Registry } from 'prom-client';

/** What a recorder counts, for each topic. */
export interface ArchiveMetrics {
  readonly messages: Counter<'topic'>;
  readonly files: Counter<'topic'>;
  readonly bytes: Counter<'topic'>;
  readonly retries: Counter<'topic'>;
  readonly gaps: Counter<'topic'>;
  /** @param lagSeconds tells the age of the oldest message of each topic that is in no file yet. */
  watchLag(lagSeconds: () => ReadonlyMap<string, number>): void;
}

export function createArchiveMetrics(registry: Registry): ArchiveMetrics {
  const labelled = { labelNames: ['topic'] as const, registers: [registry] };
  return {
    messages: new Counter({
      ...{ name: 'genfleet_archive_messages_total', help: 'Messages put into files of the archive' },
      ...labelled,
    }),
    files: new Counter({
      ...{ name: 'genfleet_archive_files_total', help: 'Files put into the archive' },
      ...labelled,
    }),
    bytes: new Counter({
      ...{ name: 'genfleet_archive_bytes_total', help: 'Bytes of files put into the archive' },
      ...labelled,
    }),
    retries: new Counter({
      ...{ name: 'genfleet_archive_retries_total', help: 'Steps of the recorder that were tried again' },
      ...labelled,
    }),
    gaps: new Counter({
      ...{ name: 'genfleet_archive_gaps_total', help: 'Times a topic began behind the end of the archive' },
      ...labelled,
    }),
    watchLag(lagSeconds) {
      new Gauge({
        ...{ name: 'genfleet_archive_lag_seconds', help: 'Age of the oldest message not in the archive' },
        ...labelled,
        collect() {
          for (const [topic, seconds] of lagSeconds()) this.set({ topic }, seconds);
        },
      });
    },
  };
}
