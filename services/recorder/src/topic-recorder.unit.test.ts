import { setTimeout as sleep } from 'node:timers/promises';
import { HOUR_MS, TopicArchive } from '@genfleet/archive';
import type { Message } from '@genfleet/bus';
import { GenfleetError } from '@genfleet/job';
import { type LedgerTable, ledgerTables } from '@genfleet/ledger';
import { createArchiveMetrics, createLogger, Registry } from '@genfleet/telemetry';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fixedTopic, messageAt } from '../test/fixed-topic.ts';
import { archivedIds, lineWriter } from '../test/line-writer.ts';
import { type Fault, memoryObjects } from '../test/memory-objects.ts';
import { TopicRecorder } from './topic-recorder.ts';

const START_MS = Date.parse('2026-03-01T12:00:00Z');
const log = createLogger({ level: 'silent', service: 'test' });
const table = ledgerTables().find(({ name }) => name === 'requested_txt2img_generation') as LedgerTable;

interface Life {
  readonly intervalMs: number;
  readonly maxMessages: number;
  /** The step of the store at which it dies, and whether the step was done then. */
  readonly dies: { readonly step: number; readonly when: 'before' | 'after' } | undefined;
  /** Steps whose answer is lost: done or not, they fail and may be tried again. */
  readonly lost: readonly number[];
}

/** A recorder over the topic until it dies, or until it put everything. */
async function live(life: Life, messages: Message[], objects: Map<string, Uint8Array>): Promise<void> {
  const [draining, ended] = [new AbortController(), new AbortController()];
  let step = 0;
  const fault: Fault = async (_step, when) => {
    // a dead process does nothing more
    if (ended.signal.aborted) await new Promise(() => undefined);
    if (when === 'before') step += 1;
    if (life.dies?.step === step && life.dies.when === when) {
      ended.abort();
      draining.abort();
      throw new Error('killed');
    }
    if (when === 'after' && life.lost.includes(step))
      throw new GenfleetError('artifacts_failed', 'no answer');
  };
  const { intervalMs, maxMessages } = life;
  const recorder = new TopicRecorder({
    ...{ bus: fixedTopic(messages), archive: new TopicArchive(memoryObjects(objects, fault), table.name) },
    ...{
      writer: lineWriter,
      table,
      limits: { intervalMs, maxMessages, maxChars: 400 },
      forgets: true,
    },
    ...{ log, metrics: createArchiveMetrics(new Registry()), now: () => START_MS + 9 * HOUR_MS },
  });
  const run = recorder.run({ draining: draining.signal, ended: ended.signal });
  const isOver = () => archivedIds(objects).length >= messages.length || ended.signal.aborted;
  while (!isOver()) await sleep(1);
  // time to do harm in
  await sleep(5);
  draining.abort();
  await run;
}

const life = fc.record({
  intervalMs: fc.constantFrom(1_000, 60_000, HOUR_MS),
  maxMessages: fc.integer({ min: 1, max: 12 }),
  dies: fc.record({
    step: fc.integer({ min: 1, max: 8 }),
    when: fc.constantFrom('before' as const, 'after' as const),
  }),
  lost: fc.constant([]),
});
const topic = fc
  .array(
    fc.record({ gapMs: fc.integer({ min: -2_000, max: 900_000 }), chars: fc.integer({ min: 0, max: 90 }) }),
    {
      ...{ minLength: 1, maxLength: 40 },
    },
  )
  .map((gaps) => {
    let timeMs = START_MS;
    return gaps.map(({ gapMs, chars }, index) => {
      timeMs += gapMs;
      return messageAt(index + 1, timeMs, chars);
    });
  });
const last: Life = { intervalMs: HOUR_MS, maxMessages: 7, dies: undefined, lost: [] };

describe('a recorder of one topic', () => {
  it('puts each message into one file, however often and wherever it dies', async () => {
    await fc.assert(
      fc.asyncProperty(topic, fc.array(life, { maxLength: 4 }), async (messages, lives) => {
        const objects = new Map<string, Uint8Array>();
        for (const each of [...lives, last]) await live(each, messages, objects);
        expect(archivedIds(objects)).toEqual(messages.map(({ messageId }) => messageId));
      }),
      { numRuns: 40 },
    );
  });

  it('does no harm beside another one, of other settings, that dies as well', async () => {
    await fc.assert(
      fc.asyncProperty(topic, fc.array(life, { minLength: 1, maxLength: 3 }), async (messages, lives) => {
        const objects = new Map<string, Uint8Array>();
        await Promise.all([
          ...lives.map((each) => live(each, messages, objects)),
          live(last, messages, objects),
        ]);
        expect(archivedIds(objects)).toEqual(messages.map(({ messageId }) => messageId));
      }),
      { numRuns: 40 },
    );
  });

  it('goes on when the answer to a step that was done was lost', async () => {
    const messages = Array.from({ length: 20 }, (_, index) => messageAt(index + 1, START_MS + index));
    const objects = new Map<string, Uint8Array>();
    await live({ ...last, lost: [1, 4] }, messages, objects);
    expect(archivedIds(objects)).toEqual(messages.map(({ messageId }) => messageId));
  });

  it('refuses to go on with a topic of another bus', async () => {
    const objects = new Map<string, Uint8Array>();
    await live(
      last,
      [1, 2, 3].map((place) => messageAt(place, START_MS)),
      objects,
    );
    const before = [...objects.keys()];
    for (const other of [
      [messageAt(1, START_MS)],
      [1, 2, 3, 4].map((place) => messageAt(place, START_MS + HOUR_MS)),
    ]) {
      const [draining, ended] = [new AbortController(), new AbortController()];
      const recorder = new TopicRecorder({
        ...{ bus: fixedTopic(other), archive: new TopicArchive(memoryObjects(objects), table.name) },
        ...{ writer: lineWriter, table, forgets: true },
        limits: { intervalMs: 1_000, maxMessages: 9, maxChars: 400 },
        ...{ log, metrics: createArchiveMetrics(new Registry()), now: Date.now },
      });
      const run = recorder.run({ draining: draining.signal, ended: ended.signal });
      while (!recorder.fault) await sleep(1);
      expect(recorder.fault.message).toMatch(/is of another bus; set ARCHIVE_URL/);
      draining.abort();
      await run;
      expect([...objects.keys()]).toEqual(before);
    }
  });
});
