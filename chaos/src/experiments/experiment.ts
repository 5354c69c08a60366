import type { Need, StageName } from '../fleet/backing.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { Load } from '../load/load.ts';
import type { Promised } from '../load/promises.ts';

/** What an experiment plays on: a fleet at work under load. */
export interface Scene {
  readonly fleet: Fleet;
  readonly load: Load;
}

export interface Experiment {
  readonly name: string;
  /** What is injected, for the report. */
  readonly injects: string;
  readonly on: readonly StageName[];
  /** Where it is in the form that is run with every change. */
  readonly shortOn?: readonly StageName[];
  /** Every receipt of the run is verified, and not only those of this experiment. */
  readonly verifiesAll?: true;
  /** The archive is held against the topics, file by file. */
  readonly looksAtArchive?: true;
  /** What has to be there beside the usual, to be harmed. */
  readonly needs?: readonly Need[];
  /** From the end of the fault to the first completion of a job accepted after it. */
  readonly recoversWithinMs: number;
  /** Jobs that are to become dead letters, or may. */
  readonly mayDie?: (job: Promised) => boolean;
  /** Does harm; resolves once the fault is over. What it throws is a violation. */
  inject(scene: Scene): Promise<void>;
}

export const EVERYWHERE: readonly StageName[] = ['embedded', 'pulsar'];
