import {
  decideRequest,
  type EventType,
  emptyState,
  imageRequestSchema,
  type JobState,
  newJobId,
} from '@genfleet/job';
import type { Change, JobFilter, Page } from '@genfleet/ledger';
import { createLogger } from '@genfleet/telemetry';
import { describe, expect, it } from '@jest/globals';
import { followLine } from './fleet-line.ts';

const JOBS = 1_234;

function waiting(nowMs: number): JobState {
  const id = newJobId(nowMs);
  const body = imageRequestSchema.parse({ generation_settings: { prompt: 'x' } });
  const request = decideRequest(body, { id, tenant: 't', nowMs, seed: 1 });
  const requestOrder = { timeMs: nowMs, type: 'requested' as EventType, messageId: '1' };
  return { ...emptyState(id), request, requestOrder };
}

/** A view in which jobs wait already. */
function rig() {
  const states = Array.from({ length: JOBS }, (_, n) => waiting(1_000 + n)).reverse();
  const listeners: ((change: Change) => void)[] = [];
  const view = {
    jobs: (_filter: JobFilter, { limit, before }: Page) =>
      states.filter(({ id }) => before === undefined || id < before).slice(0, limit),
    onChange: (_id: string | undefined, callback: (change: Change) => void) => void listeners.push(callback),
  };
  const stopping = new AbortController();
  const log = createLogger({ level: 'silent', service: 'test' });
  const board = followLine({ kind: 'txt2img', view, log, clock: () => 9_000, stopping: stopping.signal });
  return { board, states, listeners, stopping };
}

const turns = async (count: number) => {
  for (let n = 0; n < count; n++) await new Promise((resolve) => setImmediate(resolve));
};

describe('the line as the API follows it', () => {
  it('holds what waited before, page by page, and what comes', async () => {
    const { board, states, listeners } = rig();
    const state = waiting(8_000);
    const order = { timeMs: 8_000, type: 'requested' as EventType, messageId: '2' };
    for (const tell of listeners) tell({ order, event: {} as Change['event'], state });
    await turns(20);
    expect(board.waiting).toBe(JOBS + 1);
    expect(board.standing(state.id)?.ahead).toBe(JOBS);
    expect(board.standing(states[0]?.id ?? '')?.ahead).toBe(JOBS - 1);
  });

  it('is read no further once the API stops', async () => {
    const { board, stopping } = rig();
    stopping.abort();
    await turns(20);
    expect(board.waiting).toBe(0);
  });
});
