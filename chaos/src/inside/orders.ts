import type { Point } from './points.ts';

/** What the harness tells a process of the fleet to do to itself. A later order of a kind replaces the earlier one. */
export type Order =
  /** kill -9 at the passage with this number, from 1, of those whose text holds `of`. */
  | { readonly do: 'kill'; readonly at: Point; readonly passage: number; readonly of?: string }
  /** Tells the harness at that passage, and goes no further there before `go on`. */
  | { readonly do: 'hold'; readonly at: Point; readonly passage: number; readonly of?: string }
  /** Lets go what is held; a trap that was armed since stays. */
  | { readonly do: 'go on' }
  | { readonly do: 'disarm' }
  /** The wall clock of this process is wrong by so much; performance.now and timers are not. */
  | { readonly do: 'shift clock'; readonly byMs: number }
  /** Each delivery is given to its handler twice, and each message sent twice. */
  | { readonly do: 'everything twice'; readonly on: boolean };

/** What a process of the fleet tells the harness. */
export interface Reached {
  readonly reached: Point;
  /** What was about to happen: a message, a prompt, the name of a file. */
  readonly text: string;
}

/** What a process is started with, in `GENFLEET_CHAOS` as JSON. */
export interface Charge {
  readonly orders: readonly Order[];
  /** Name of a mutant; see `mutants.ts`. */
  readonly mutant?: string;
}

export const CHARGE_VARIABLE = 'GENFLEET_CHAOS';
