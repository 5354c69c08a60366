import type { Bus } from '@genfleet/bus';
import { createLogger } from '@genfleet/telemetry';
import { type LocalView, openView, type ViewOptions } from '../src/index.ts';

export const PATIENCE_MS = 120_000;

/** Lines that the view logged, newest last. */
export interface Logged {
  readonly level: number;
  readonly msg: string;
  readonly topic?: string;
}

export function recordingLog() {
  const lines: Logged[] = [];
  const log = createLogger({
    level: 'info',
    service: 'test',
    destination: { write: (line: string) => void lines.push(JSON.parse(line) as Logged) },
  });
  return { log, lines };
}

/** A view of the bus, folded up to its end. */
export async function openedView(bus: Bus, more: Partial<ViewOptions> = {}): Promise<LocalView> {
  const view = await openView({
    bus,
    file: ':memory:',
    kinds: ['txt2img'],
    log: recordingLog().log,
    now: Date.now,
    ...more,
  });
  if (!(await view.caughtUp(PATIENCE_MS))) throw new Error('the view did not catch up');
  return view;
}
