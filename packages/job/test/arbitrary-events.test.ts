/** Generators for the tests of this package; holds no tests itself. */
import fc from 'fast-check';
import { ERROR_CODES } from '../src/error.ts';
import type { JobEvent } from '../src/event.ts';
import type { LedgerOrder } from '../src/state.ts';
import type { EventType } from '../src/topic.ts';

export const JOB_ID = '0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b';

export interface Placed {
  readonly event: JobEvent;
  readonly order: LedgerOrder;
}

const text = (maxLength: number) => fc.string({ unit: 'binary', maxLength });
const time = fc
  .date({ min: new Date('2020-01-01'), max: new Date('2040-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString());
const attempt = fc.integer({ min: 1, max: 5 });
const error = fc.record({ code: fc.constantFrom(...ERROR_CODES), message: text(40) });
const failure = fc.record({
  attempt,
  worker: text(8),
  time,
  ...{ code: fc.constantFrom(...ERROR_CODES), message: text(20) },
});

const head = {
  version: fc.constant(1 as const),
  id: fc.constant(JOB_ID),
  kind: fc.constant('txt2img' as const),
  tenant: fc.constantFrom('default', 'team-a'),
  redrive: fc.integer({ min: 0, max: 2 }),
};

const settings = fc.record({
  prompt: text(60).map((prompt) => prompt || 'a dog'),
  negative_prompt: text(20),
  seed: fc.maxSafeNat(),
  sampler_name: fc.constantFrom('euler', 'ddim'),
  batch_size: fc.integer({ min: 1, max: 16 }),
  n_iters: fc.integer({ min: 1, max: 16 }),
  steps: fc.integer({ min: 1, max: 150 }),
  cfg_scale: fc.double({ min: 0, max: 30, noNaN: true }).map((scale) => scale + 0),
  width: fc.integer({ min: 8, max: 256 }).map((eighths) => eighths * 8),
  height: fc.integer({ min: 8, max: 256 }).map((eighths) => eighths * 8),
  model: fc.constantFrom('genfleet-demo', 'other'),
});

const jobFields = {
  settings,
  metadata: fc.dictionary(
    text(8).filter((key) => key !== '__proto__'),
    text(12),
    { maxKeys: 3, noNullPrototype: true },
  ),
  request_time: time,
  attempt,
  failures: fc.array(failure, { maxLength: 3 }),
};
const optional = {
  deadline: time,
  webhook_url: fc.constant('https://example.org/hook'),
  idempotency: fc.record({
    key_sha256: fc.constant('k'.repeat(64)),
    body_sha256: fc.constant('b'.repeat(64)),
  }),
};
const partly = <T extends object>(required: { [K in keyof T]: fc.Arbitrary<T[K]> }, more: object) =>
  fc.tuple(
    fc.record(required),
    fc.record(more as Record<string, fc.Arbitrary<unknown>>, { requiredKeys: [] }),
  );
const merged = ([required, more]: [object, object]) => ({ ...required, ...more }) as JobEvent;

const artifact = fc.record({
  key: fc.constant(`${JOB_ID}.jpg`),
  content_type: fc.constantFrom('image/jpeg', 'image/png'),
  size_bytes: fc.nat(),
  sha256: fc.stringMatching(/^[0-9a-f]{64}$/),
  width: fc.integer({ min: 64, max: 2_048 }),
  height: fc.integer({ min: 64, max: 2_048 }),
  seed: fc.maxSafeNat(),
});
const ms = fc.double({ min: 0, max: 1e6, noNaN: true }).map((value) => value + 0);
const timings = fc.record({ queued_ms: ms, model_load_ms: ms, generate_ms: ms, store_ms: ms });

const byType: Record<EventType, fc.Arbitrary<JobEvent>> = {
  requested: partly(
    { type: fc.constant('requested'), ...head, ...jobFields },
    { ...optional, not_before: time },
  ).map(merged),
  started: fc.record({
    ...{ type: fc.constant('started' as const), ...head, attempt },
    ...{ claim: fc.constantFrom('c1', 'c2', 'c3', 'c4', 'c5'), worker: fc.constantFrom('w1', 'w2') },
    ...{ model: fc.constant('genfleet-demo'), time, released: fc.boolean() },
  }),
  completed: fc.record({
    ...{ type: fc.constant('completed' as const), ...head, attempt, worker: text(8), model: text(8) },
    ...{ artifacts: fc.array(artifact, { minLength: 1, maxLength: 2 }), timings, complete_time: time },
  }),
  dead: partly({ type: fc.constant('dead'), ...head, ...jobFields, error, time }, optional).map(merged),
  cancelled: fc.record({ type: fc.constant('cancelled' as const), ...head, reason: text(20), time }),
};

/** Any event of one job that the schemas allow. */
export const anyEvent: fc.Arbitrary<JobEvent> = fc.oneof(...Object.values(byType));

/** Events of one job with places in the ledger: times that often tie, ids that rise within each topic. */
export const anyLedger: fc.Arbitrary<Placed[]> = fc
  .array(fc.tuple(anyEvent, fc.integer({ min: 0, max: 3 })), { minLength: 1, maxLength: 14 })
  .map((entries) => {
    let timeMs = 1_000;
    return entries.map(([event, waitMs], index) => {
      timeMs += waitMs;
      return { event, order: { timeMs, type: event.type, messageId: String(index).padStart(6, '0') } };
    });
  });

/** The same events in another order, some of them more than once, as at-least-once delivery over five topics gives them. */
export function anyDelivery(ledger: readonly Placed[]): fc.Arbitrary<Placed[]> {
  return fc
    .tuple(
      fc.shuffledSubarray([...ledger], { minLength: ledger.length, maxLength: ledger.length }),
      fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 6 }),
    )
    .map(([shuffled, repeats]) => {
      const delivered = [...shuffled];
      for (const [which, where] of repeats) {
        const again = shuffled[which % shuffled.length];
        if (again) delivered.splice(where % (delivered.length + 1), 0, again);
      }
      return delivered;
    });
}
