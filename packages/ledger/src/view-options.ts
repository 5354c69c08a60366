import type { Bus } from '@genfleet/bus';
import type { Kind } from '@genfleet/job';
import type { Logger } from '@genfleet/telemetry';

/** How a view is opened. */
export interface ViewOptions {
  readonly bus: Bus;
  /** SQLite file, made when missing and made anew when it can't be trusted; `:memory:` for none. One process at a time. */
  readonly file: string;
  readonly kinds: readonly Kind[];
  readonly log: Logger;
  /** Unix time in ms; for the window. */
  readonly now: () => number;
  /** Keeps only jobs requested within this time, in ms, so that the file is bounded. Default: all jobs. */
  readonly windowMs?: number;
  /**
   * Once it is built, what comes within this time is folded together, in ms: a third of the work where jobs are many
   * and short. Everything is seen so much later. Default 5 for completions, whose texts come another way, else 0.
   */
  readonly paceMs?: number;
  /** A view that is made anew begins with jobs requested at this time; see `cover`. Default: the window, or all. */
  readonly from?: { readonly atTimeMs: number };
}
