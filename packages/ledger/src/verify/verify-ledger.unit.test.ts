import { setTimeout as sleep } from 'node:timers/promises';
import { encodeEvent, GenfleetError, type JobEvent, newJobId, type Receipt, topicOf } from '@genfleet/job';
import { describe, expect, it } from '@jest/globals';
import { MemoryBus } from '../../test/memory-bus.ts';
import { completed, plainId, requested, started } from '../../test/plain-job.ts';
import { receiptOf } from '../../test/simulated-history.ts';
import type { JobVerdict } from './judge.ts';
import { type VerifyOptions, verifyLedger } from './verify-ledger.ts';
import type { Violation } from './violation.ts';

const NOW_MS = Date.parse('2026-03-01T12:00:00.000Z');

function write(bus: MemoryBus, event: JobEvent): Receipt {
  const topic = topicOf(event.type, event.kind);
  const { messageId, publishTimeMs } = bus.append(topic, { key: event.id, value: encodeEvent(event) });
  return receiptOf({ event, order: { timeMs: publishTimeMs, type: event.type, messageId } });
}

/** All that verification says, with the artifacts left unread unless there is a store. */
async function verified(bus: VerifyOptions['bus'], more: Partial<VerifyOptions> = {}) {
  const violations: Violation[] = [];
  const jobs: JobVerdict[] = [];
  const summary = await verifyLedger({
    bus,
    artifacts: undefined,
    subject: { range: {} },
    retentionMs: () => Number.POSITIVE_INFINITY,
    now: () => NOW_MS,
    signal: new AbortController().signal,
    onViolation: (violation) => violations.push(violation),
    onJob: (verdict) => jobs.push(verdict),
    ...more,
  });
  return { summary, violations, jobs, named: violations.map(({ code, id }) => `${code} ${id}`) };
}

describe('verification of a ledger', () => {
  it('counts what it read, and judges every job once', async () => {
    const bus = new MemoryBus();
    bus.inLine = 5;
    for (let n = 0; n < 1_000; n++) {
      write(bus, requested(n));
      if (n < 995) write(bus, started(n));
      if (n < 995) write(bus, completed(n));
    }
    const { summary, violations, jobs } = await verified(bus);
    expect(summary).toMatchObject({
      ...{ jobs: 1_000, messages: 2_990, repeats: 0, races: 0, violations: 0 },
      byStatus: { completed: 995, queued: 5 },
    });
    expect(violations).toEqual([]);
    expect(new Set(jobs.map(({ id }) => id)).size).toBe(1_000);
  });

  it('says that jobs are lost when fewer messages are in line than jobs are open', async () => {
    const bus = new MemoryBus();
    for (let n = 0; n < 3; n++) write(bus, requested(n));
    bus.inLine = 3;
    expect((await verified(bus)).named).toEqual([]);
    bus.inLine = 2;
    const { violations, summary } = await verified(bus);
    expect(summary.violations).toBe(1);
    expect(violations[0]).toMatchObject({ code: 'job_lost', id: plainId(0) });
    expect(violations[0]?.found).toContain(plainId(2));
    bus.inLine = 0;
    expect((await verified(bus)).named).toEqual([0, 1, 2].map((n) => `job_lost ${plainId(n)}`));
  });

  it('looks only at the jobs of its receipts, and names those that nothing is known of', async () => {
    const bus = new MemoryBus();
    const [first] = [0, 1, 2].map((n) => write(bus, requested(n)));
    write(bus, completed(1));
    if (!first) throw new TypeError('nothing was written');
    const forged = { ...first, id: plainId(9), message_id: '999999999999' };
    bus.inLine = 1;
    const { summary, named } = await verified(bus, { subject: { receipts: [first, first, forged] } });
    expect(summary).toMatchObject({ receipts: 2, jobs: 2, byStatus: { queued: 1, unknown: 1 } });
    expect(named).toEqual([`message_missing ${plainId(9)}`]);
  });

  it('names messages that are no events of their topic', async () => {
    const bus = new MemoryBus();
    const topic = topicOf('completed', 'txt2img');
    write(bus, requested(0));
    bus.append(topic, { key: plainId(0), value: '{' });
    bus.append(topic, { key: plainId(0), value: encodeEvent(started(0)) });
    bus.append(topic, { key: plainId(1), value: encodeEvent(completed(0)) });
    bus.inLine = 1;
    const [id, other] = [plainId(0), plainId(1)];
    const { named } = await verified(bus);
    expect(named).toEqual([id, id, other].map((key) => `message_unreadable ${key}`));
  });

  it('reads artifacts a few at a time, and ends with what the store fails with', async () => {
    const bus = new MemoryBus();
    for (let n = 0; n < 50; n++)
      for (const event of [requested(n), started(n), completed(n)]) write(bus, event);
    let [now, most] = [0, 0];
    const artifacts = {
      async *read(key: string): AsyncGenerator<Uint8Array> {
        now += 1;
        most = Math.max(most, now);
        await sleep(1);
        now -= 1;
        if (key !== `${plainId(7)}.jpg`) throw new GenfleetError('artifact_not_found', key);
        yield Buffer.from('123456789');
      },
    };
    const { summary, violations } = await verified(bus, { artifacts });
    expect(summary).toMatchObject({ artifacts: 50, violations: 50 });
    expect(most).toBeLessThanOrEqual(8);
    expect(violations.find(({ id }) => id === plainId(7))?.code).toBe('artifact_changed');
    expect(violations.filter(({ code }) => code === 'artifact_missing')).toHaveLength(49);
  });

  it('never mistakes a fleet at work for a broken one', async () => {
    const bus = new MemoryBus();
    const working = new AbortController();
    const fleet = work(bus, working.signal);
    let jobs = 0;
    try {
      for (let round = 0; round < 5; round++) {
        const { violations, summary } = await verified(slowed(bus));
        expect(violations).toEqual([]);
        jobs = summary.jobs;
      }
    } finally {
      working.abort();
      await fleet;
    }
    expect(jobs).toBeGreaterThan(20);
  });

  it('ends when it is told to, whatever it is waiting for', async () => {
    const bus = new MemoryBus();
    for (let n = 0; n < 5_000; n++) write(bus, requested(n));
    const stop = new AbortController();
    const stopped = new Error('enough');
    const onProgress = ({ messages }: { messages: number }) => messages > 1_000 && stop.abort(stopped);
    await expect(verified(bus, { signal: stop.signal, onProgress })).rejects.toBe(stopped);
    expect(bus.yielded).toBeLessThan(5_000);
  });

  it('does not wait for ever for a bus that went away', async () => {
    const gone = new GenfleetError('bus_unavailable', 'nobody answers');
    let pings = 0;
    const bus: VerifyOptions['bus'] = {
      async *read(_topic, { signal }) {
        await new Promise<void>((resolve) =>
          signal.addEventListener('abort', () => resolve(), { once: true }),
        );
      },
      ping: async () => {
        pings += 1;
        if (pings > 2) throw gone;
      },
      backlog: async () => 0,
      lastMessageId: async () => '1',
    };
    await expect(verified(bus, { stallMs: 5 })).rejects.toBe(gone);
    expect(pings).toBe(3);
  });
});

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Hands out a few messages at a time and lets others work in between, as a broker does. */
function slowed(bus: MemoryBus): VerifyOptions['bus'] {
  return {
    async *read(topic, options) {
      for await (const batch of bus.read(topic, { ...options, batchSize: 50 })) {
        await turn();
        yield batch;
      }
    },
    ping: () => bus.ping(),
    lastMessageId: (topic) => bus.lastMessageId(topic),
    backlog: async () => {
      await turn();
      return bus.backlog();
    },
  };
}

/** Jobs that are asked for, claimed and completed, with a turn of the event loop between any two messages. */
async function work(bus: MemoryBus, signal: AbortSignal): Promise<void> {
  const line: JobEvent[] = [];
  for (let n = 0; !signal.aborted && n < 100_000; n++) {
    const { id, time } = { id: newJobId(Date.now()), time: new Date().toISOString() };
    const asked = { ...requested(n), id };
    line.push(asked);
    bus.inLine = line.length;
    write(bus, asked);
    await turn();
    write(bus, { ...started(n), id, time });
    await turn();
    write(bus, { ...completed(n), id, complete_time: time });
    if (n % 7 === 0) {
      const { kind, tenant } = asked;
      write(bus, { type: 'cancelled', version: 1, id, kind, tenant, redrive: 0, reason: 'late', time });
    }
    await turn();
    line.pop();
    bus.inLine = line.length;
  }
}
