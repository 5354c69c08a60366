/**
 * `node bench/verify.ts [JOBS …]`: how many jobs a second `genfleet verify` holds against the ledger, and in how much memory,
 * with a receipt for each of them and without any. The messages are made up as they are read, so that what is measured
 * holds nothing else; what that alone costs is measured too and taken off. Each size in a process of its own.
 */
import { spawnSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { Bus, Message } from '../packages/bus/src/index.ts';
import { type Receipt, topicOf, topicsOf } from '../packages/job/src/index.ts';
import { verifyLedger } from '../packages/ledger/src/index.ts';
import { type History, historyBus } from './view-messages.ts';

const SIZES = [10_000, 100_000];
/** As many as `historyBus` leaves without an outcome. */
const WAITING = 50;
const WANTED = { residentMb: 400 };

interface Measured {
  readonly allPerSecond: number;
  readonly receiptsPerSecond: number;
  readonly residentMb: number;
}

/** A history as a bus that gives each message the job's id for its key, and says what is in line. */
function keyedBus(history: History): Bus {
  const bus = historyBus(history);
  const keyed = (message: Message): Message => {
    const at = message.value.indexOf('"id":"') + 6;
    return { ...message, key: message.value.slice(at, at + 36) };
  };
  return {
    ...bus,
    backlog: async () => WAITING,
    read: async function* (topic, options) {
      for await (const { messages, caughtUp } of bus.read(topic, options)) {
        yield { messages: messages.map(keyed), caughtUp };
      }
    },
  };
}

async function* messagesOf(bus: Bus, topics = topicsOf('txt2img')): AsyncGenerator<Message> {
  for (const { topic } of topics) {
    const done = new AbortController();
    for await (const { messages, caughtUp } of bus.read(topic, { from: 'earliest', signal: done.signal })) {
      yield* messages;
      if (caughtUp) break;
    }
  }
}

async function* receiptsOf(bus: Bus): AsyncGenerator<Receipt> {
  const requested = { type: 'requested', topic: topicOf('requested', 'txt2img') } as const;
  for await (const { topic, messageId, key, value } of messagesOf(bus, [requested])) {
    yield { id: key, kind: 'txt2img', topic, message_id: messageId, sha256: hash('sha256', value) };
  }
}

async function secondsOf(work: () => Promise<void>): Promise<number> {
  const fromMs = performance.now();
  await work();
  return (performance.now() - fromMs) / 1_000;
}

async function measure(jobs: number): Promise<Measured> {
  const bus = keyedBus({ jobs, startMs: Date.now() - jobs * 100 - 60_000 });
  const verified = async (subject: Parameters<typeof verifyLedger>[0]['subject']) => {
    const summary = await verifyLedger({
      ...{ bus, artifacts: undefined, subject, kind: 'txt2img', now: Date.now },
      retentionMs: () => Number.POSITIVE_INFINITY,
      signal: new AbortController().signal,
      onViolation: ({ code, id, found }) => {
        throw new Error(`${code} ${id}: ${found}`);
      },
    });
    if (summary.jobs !== jobs) throw new Error(`${summary.jobs} of ${jobs} jobs were verified`);
  };
  const madeUp = await secondsOf(async () => {
    for await (const _message of messagesOf(bus));
  });
  const receiptsMadeUp = await secondsOf(async () => {
    for await (const _receipt of receiptsOf(bus));
  });
  const all = await secondsOf(() => verified({ range: {} }));
  const receipts = await secondsOf(() => verified({ receipts: receiptsOf(bus) }));
  return {
    allPerSecond: jobs / (all - madeUp),
    receiptsPerSecond: jobs / (receipts - madeUp - receiptsMadeUp),
    residentMb: process.resourceUsage().maxRSS / 1_024,
  };
}

function measureApart(jobs: number): Measured {
  const args = [
    '--disable-warning=ExperimentalWarning',
    fileURLToPath(import.meta.url),
    '--one',
    String(jobs),
  ];
  const { status, stdout } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`measuring ${jobs} jobs ended with ${status}`);
  return JSON.parse(stdout) as Measured;
}

const [first, second] = process.argv.slice(2);
if (first === '--one') console.log(JSON.stringify(await measure(Number(second))));
else {
  const given = process.argv.slice(2).map(Number);
  console.log(
    '| jobs | jobs/s, all | jobs/s, with receipts | resident at most, MB |\n| --- | --- | --- | --- |',
  );
  let residentMb = 0;
  for (const jobs of given.length > 0 ? given : SIZES) {
    const measured = measureApart(jobs);
    const cells = [jobs, measured.allPerSecond, measured.receiptsPerSecond, measured.residentMb];
    console.log(`| ${cells.map((cell) => cell.toFixed(0)).join(' | ')} |`);
    residentMb = Math.max(residentMb, measured.residentMb);
  }
  console.log(`\nresident ${residentMb.toFixed(0)} MB, wanted under ${WANTED.residentMb}`);
  process.exitCode = residentMb < WANTED.residentMb ? 0 : 1;
}
