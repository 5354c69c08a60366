/** Ledgers of several jobs, and what a view should say of them, told slowly; holds no tests itself. */
import {
  compareOrder,
  evolve,
  type JobEvent,
  type JobState,
  jobIdTimeMs,
  type LedgerOrder,
  statusOf,
  topicOf,
} from '@genfleet/job';
import fc from 'fast-check';
import { anyEventOf } from '../../job/test/arbitrary-events.test.ts';
import type { JobFilter, Page } from '../src/view.ts';
import type { MemoryBus } from './memory-bus.ts';
import { plainId as idOf } from './plain-job.ts';

export interface Placed {
  readonly event: JobEvent;
  readonly order: LedgerOrder;
}

export const START_MS = Date.parse('2026-03-01T12:00:00.000Z');
const TENANTS = ['default', 'team-a'];
const MODELS = ['genfleet-demo', 'other', 'odd \0 \u{1f3a8}'];
const GROUPINGS = ['a', 'b/c'];

/** The event as one of the n-th job: tenant, model and grouping follow from its number. */
function ofJob(event: JobEvent, n: number): JobEvent {
  const tenant = TENANTS[n % 2] ?? '';
  const own = { ...event, id: idOf(n), tenant };
  if (own.type !== 'requested' && own.type !== 'dead') return own;
  const model = MODELS[n % 3] ?? '';
  const { grouping: _grouping, ...metadata } = own.metadata;
  const grouping = n % 4 === 3 ? {} : { grouping: GROUPINGS[(n % 4) & 1] ?? '' };
  return { ...own, settings: { ...own.settings, model }, metadata: { ...metadata, ...grouping } } as JobEvent;
}

/** Events of up to eight jobs in ledger order, many at the same millisecond. */
export const fleetLedger: fc.Arbitrary<Placed[]> = fc
  .array(fc.tuple(anyEventOf('txt2img'), fc.nat(7), fc.integer({ min: 0, max: 2 })), { maxLength: 40 })
  .map((entries) => {
    let timeMs = START_MS;
    const ends = new Map<string, number>();
    return entries.map(([drawn, n, waitMs]) => {
      timeMs += waitMs;
      const event = ofJob(drawn, n);
      const place = (ends.get(event.type) ?? 0) + 1;
      ends.set(event.type, place);
      return { event, order: { timeMs, type: event.type, messageId: String(place).padStart(12, '0') } };
    });
  });

export function publish(bus: MemoryBus, ledger: readonly Placed[]): void {
  for (const { event, order } of ledger) {
    bus.append(
      topicOf(event.type, event.kind),
      { key: event.id, value: JSON.stringify(event) },
      order.timeMs,
    );
  }
}

export const someFilter: fc.Arbitrary<JobFilter> = fc.record(
  {
    tenant: fc.constantFrom(...TENANTS, 'nobody'),
    status: fc.subarray([
      'unknown',
      'queued',
      'running',
      'retrying',
      'completed',
      'dead',
      'cancelled',
    ] as const),
    model: fc.constantFrom(...MODELS, 'none'),
    grouping: fc.constantFrom(...GROUPINGS, 'none'),
    fromMs: fc.integer({ min: START_MS - 1, max: START_MS + 9 }),
    toMs: fc.integer({ min: START_MS - 1, max: START_MS + 9 }),
  },
  { requiredKeys: [] },
);
export const somePage: fc.Arbitrary<Page> = fc.record(
  {
    limit: fc.integer({ min: 1, max: 9 }),
    offset: fc.nat(5),
    before: fc.nat(9).map((n) => idOf(n)),
  },
  { requiredKeys: ['limit', 'offset'] },
);

/** What a view should answer, worked out from all states. */
export class Expected {
  readonly states = new Map<string, JobState>();
  readonly #ledger: readonly Placed[];

  constructor(ledger: readonly Placed[]) {
    this.#ledger = ledger;
    for (const { event, order } of ledger) {
      this.states.set(event.id, evolve(this.states.get(event.id), event, order));
    }
  }

  jobs(filter: JobFilter): JobState[] {
    const { fromMs = 0, toMs = Number.POSITIVE_INFINITY } = filter;
    return [...this.states.values()]
      .filter(({ id }) => (jobIdTimeMs(id) ?? 0) >= fromMs && (jobIdTimeMs(id) ?? 0) < toMs)
      .filter((state) => {
        const { request } = state;
        const status = request ? statusOf(state) : 'unknown';
        if (filter.status ? !filter.status.includes(status) : status === 'unknown') return false;
        if (filter.tenant !== undefined && (request?.tenant ?? '') !== filter.tenant) return false;
        if (filter.model !== undefined && (request?.settings.model ?? '') !== filter.model) return false;
        return filter.grouping === undefined || request?.metadata['grouping'] === filter.grouping;
      })
      .sort((a, b) => (a.id < b.id ? 1 : -1));
  }

  position(id: string): number {
    const line = this.#line().map((state) => state.id);
    return Math.max(0, line.indexOf(id));
  }

  waiting(): Map<string, { queued: number; running: number }> {
    const byModel = new Map<string, { queued: number; running: number }>();
    for (const state of this.jobs({ status: ['queued', 'retrying', 'running'] })) {
      const model = state.request?.settings.model ?? '';
      const sums = byModel.get(model) ?? { queued: 0, running: 0 };
      sums[statusOf(state) === 'running' ? 'running' : 'queued'] += 1;
      byModel.set(model, sums);
    }
    return byModel;
  }

  byKey(key: string): JobState | undefined {
    const asked = this.#ledger.filter(
      ({ event }) => event.type === 'requested' && event.idempotency?.key_sha256 === key,
    );
    const [first] = asked.sort((a, b) => compareOrder(a.order, b.order));
    return first && this.states.get(first.event.id);
  }

  #line(): JobState[] {
    const orderOf = (state: JobState) =>
      state.requestOrder ?? { timeMs: 0, type: 'requested', messageId: '' };
    return this.jobs({ status: ['queued', 'retrying'] }).sort((a, b) => compareOrder(orderOf(a), orderOf(b)));
  }
}
