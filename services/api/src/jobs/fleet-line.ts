import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Kind } from '@genfleet/job';
import type { View } from '@genfleet/ledger';
import { Board } from '@genfleet/scheduling';
import type { Logger } from '@genfleet/telemetry';

const PAGE = 500;

export interface FleetLineOptions {
  readonly kind: Kind;
  readonly view: Pick<View, 'onChange' | 'jobs'>;
  readonly log: Logger;
  readonly clock: () => number;
  readonly stopping: AbortSignal;
}

/** The line as the workers see it that choose from it, kept up with the view until `stopping` aborts. */
export function followLine(options: FleetLineOptions): Board {
  const { kind, view, log, clock, stopping } = options;
  // who had what share decides which job is next, not how many there are before it
  const board = new Board({ weights: {}, halfLifeMs: 600_000 });
  view.onChange(
    undefined,
    ({ state }) => {
      if (state.request?.kind === kind) board.apply(state, clock());
    },
    stopping,
  );
  void readLine(board, options).catch((err: unknown) => log.warn({ err }, 'the line can not be read'));
  return board;
}

/** What waits and runs already in a view that is older than this process, newest first. */
async function readLine(board: Board, { kind, view, clock, stopping }: FleetLineOptions): Promise<void> {
  const filter = { status: ['queued', 'retrying', 'running'] } as const;
  for (let before: string | undefined; ; ) {
    await nextTurn();
    if (stopping.aborted) return;
    const page = view.jobs(filter, { limit: PAGE, offset: 0, ...(before === undefined ? {} : { before }) });
    for (const state of page) if (state.request?.kind === kind) board.apply(state, clock());
    before = page.at(-1)?.id;
    if (page.length < PAGE) return;
  }
}
