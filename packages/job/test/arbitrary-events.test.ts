/** Generators for the tests of this package; holds no tests itself. */
import fc from 'fast-check';
import { ERROR_CODES } from '../src/error.ts';
import type { JobEvent } from '../src/event.ts';
import { PRIORITIES } from '../src/settings.ts';
import type { LedgerOrder } from '../src/state.ts';
import { type EventType, KINDS, type Kind } from '../src/topic.ts';

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

type Parts = Readonly<Record<string, fc.Arbitrary<unknown>>>;
const partly = (required: Parts, more: Parts) =>
  fc.tuple(fc.record({ ...required }), fc.record({ ...more }, { requiredKeys: [] }));

const tokenIds = fc.array(fc.nat(50_000), { minLength: 1, maxLength: 5 });
const completionSettings = partly(
  {
    model: fc.constantFrom('genfleet-demo-code', 'other'),
    temperature: fc.constantFrom(0, 0.2, 1),
    top_p: fc.constantFrom(0.5, 1),
    n: fc.integer({ min: 1, max: 3 }),
    stop: fc.array(
      text(5).map((stop) => stop || ';'),
      { maxLength: 4 },
    ),
    echo: fc.boolean(),
    presence_penalty: fc.constantFrom(-2, 0, 0.5),
    frequency_penalty: fc.constantFrom(-2, 0, 0.5),
  },
  {
    prompts: fc.array(fc.oneof(text(30), tokenIds), { minLength: 1, maxLength: 3 }),
    messages: fc.array(fc.record({ role: fc.constantFrom('user', 'system'), content: text(20) }), {
      minLength: 1,
      maxLength: 2,
    }),
    suffix: text(20),
    max_tokens: fc.nat(100),
    logprobs: fc.integer({ min: 0, max: 5 }),
    seed: fc.nat(),
    user: text(10),
  },
).map(([required, more]) => ({ ...required, ...more }));

/** What is particular to a kind: the events of one ledger are all of one. */
const ofKind = {
  txt2img: { kind: fc.constant('txt2img' as const), settings },
  completion: {
    kind: fc.constant('completion' as const),
    settings: completionSettings,
    interactive: fc.boolean(),
    stream: fc.boolean(),
    store: fc.boolean(),
  },
} satisfies Record<Kind, Parts>;

const jobFields = {
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
  priority: fc.constantFrom(...PRIORITIES),
  deadline: time,
  webhook_url: fc.constant('https://example.org/hook'),
  idempotency: fc.record({
    key_sha256: fc.constant('k'.repeat(64)),
    body_sha256: fc.constant('b'.repeat(64)),
  }),
};
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

const usage = fc.record({ prompt_tokens: fc.nat(), completion_tokens: fc.nat() });
const made = {
  txt2img: { artifacts: fc.array(artifact, { minLength: 1, maxLength: 2 }) },
  completion: { usage, artifacts: fc.constant([]) },
} satisfies Record<Kind, Parts>;

const byType = (kind: Kind): Record<EventType, fc.Arbitrary<JobEvent>> => {
  const { kind: itsKind } = ofKind[kind];
  const completed = { type: fc.constant('completed' as const), ...head, kind: itsKind, attempt };
  return {
    requested: partly(
      { type: fc.constant('requested'), ...head, ...jobFields, ...ofKind[kind] },
      { ...optional, not_before: time },
    ).map(merged),
    started: partly(
      {
        ...{ type: fc.constant('started' as const), ...head, kind: itsKind, attempt },
        ...{ claim: fc.constantFrom('c1', 'c2', 'c3', 'c4', 'c5'), worker: fc.constantFrom('w1', 'w2') },
        ...{ model: fc.constant('genfleet-demo'), time, released: fc.boolean() },
      },
      { ahead_until: fc.integer({ min: 990, max: 1_020 }).map((ms) => new Date(ms).toISOString()) },
    ).map(merged),
    completed: partly(
      { ...completed, worker: text(8), model: text(8), ...made[kind], timings, complete_time: time },
      {},
    ).map(merged),
    dead: partly(
      { type: fc.constant('dead'), ...head, ...jobFields, ...ofKind[kind], error, time },
      optional,
    ).map(merged),
    cancelled: fc.record({
      type: fc.constant('cancelled' as const),
      ...head,
      ...{ kind: itsKind, reason: text(20), time },
    }),
  };
};

/** Any event of one job of this kind that the schemas allow. */
export const anyEventOf = (kind: Kind): fc.Arbitrary<JobEvent> => fc.oneof(...Object.values(byType(kind)));

/** Any event of one job that the schemas allow. */
export const anyEvent: fc.Arbitrary<JobEvent> = fc.oneof(anyEventOf('txt2img'), anyEventOf('completion'));

/** Events of one job with places in the ledger: times that often tie, ids that rise within each topic. */
export const anyLedger: fc.Arbitrary<Placed[]> = fc
  .constantFrom(...KINDS)
  .chain((kind) =>
    fc.array(fc.tuple(anyEventOf(kind), fc.integer({ min: 0, max: 3 })), { minLength: 1, maxLength: 14 }),
  )
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
