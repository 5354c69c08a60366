import type { CutLimits, SegmentWriter, TopicArchive } from '@genfleet/archive';
import type { Bus } from '@genfleet/bus';
import type { LedgerTable } from '@genfleet/ledger';
import type { ArchiveMetrics, Logger } from '@genfleet/telemetry';

/** One topic, and where it goes. */
export interface TopicParts {
  readonly bus: Pick<Bus, 'read' | 'lastMessageId'>;
  readonly archive: TopicArchive;
  readonly writer: SegmentWriter;
  readonly table: LedgerTable;
}

export interface TopicRecorderOptions extends TopicParts {
  readonly limits: CutLimits;
  /** The topic does not keep its messages: what is open at the end is put, and not left to the topic. */
  readonly forgets: boolean;
  readonly log: Logger;
  readonly metrics: ArchiveMetrics;
  /** Unix time in ms. */
  readonly now: () => number;
}
