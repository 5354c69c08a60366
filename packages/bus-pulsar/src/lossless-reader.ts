import { GenfleetError } from '@genfleet/job';
import type { Pulsar } from './native.ts';

type Listener = (message: Pulsar.Message) => Promise<void> | undefined;

export interface ReaderPlan {
  /** A client with one listener thread, and nothing else on it. */
  readonly client: Pick<Pulsar.Client, 'createReader'>;
  readonly topic: string;
  readonly earliest: Pulsar.MessageId;
  readonly start: Pulsar.MessageId;
  readonly queueSize: number;
  readonly listener: Listener;
  /** Whether the topic holds nothing at the start or after it. */
  hasNothingToRead(): Promise<boolean>;
}

const TRIES = 20;
/** How long a message of a topic that has some may take to come. */
const FIRST_MESSAGE_MS = 1_000;

const close = (reader: Pulsar.Reader) => reader.close().catch(() => undefined);

/**
 * A reader with a listener that gets every message.
 *
 * The native client drops, without a word, what a reader receives before the promise of `createReader` has resolved:
 * its listener is connected only then. Nothing is lost where there is nothing to receive, as is seen afterwards.
 * Else the client's only listener thread is kept waiting meanwhile, in the listener of another reader.
 * @throws GenfleetError `bus_unavailable` when that does not succeed; what the client rejects with.
 */
export async function openLosslessReader(plan: ReaderPlan): Promise<Pulsar.Reader> {
  for (let tried = 0; tried < TRIES; tried++) {
    const reader = (await plan.hasNothingToRead()) ? await openOnNothing(plan) : await openBehindGate(plan);
    if (reader) return reader;
  }
  throw new GenfleetError('bus_unavailable', `no reader of ${plan.topic} could be opened without a gap`);
}

function createReader(plan: ReaderPlan): Promise<Pulsar.Reader> {
  const { client, topic, start, queueSize, listener } = plan;
  return client.createReader({ topic, startMessageId: start, receiverQueueSize: queueSize, listener });
}

/** @returns undefined when something was published in the meantime and may have been dropped. */
async function openOnNothing(plan: ReaderPlan): Promise<Pulsar.Reader | undefined> {
  let isGood: boolean | undefined;
  let decide: () => void = () => undefined;
  const decided = new Promise<void>((resolve) => {
    decide = resolve;
  });
  const take: Listener = (message) => (isGood ? plan.listener(message) : undefined);
  const listener: Listener = (message) =>
    isGood === undefined ? decided.then(() => take(message)) : take(message);
  const reader = await createReader({ ...plan, listener });
  isGood = await plan.hasNothingToRead().catch(() => false);
  decide();
  if (isGood) return reader;
  await close(reader);
  return undefined;
}

/** @returns undefined when no message came to hold the thread with. */
async function openBehindGate(plan: ReaderPlan): Promise<Pulsar.Reader | undefined> {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  let hold: () => void = () => undefined;
  const held = new Promise<boolean>((resolve) => {
    hold = () => resolve(true);
  });
  const listener: Listener = () => {
    hold();
    return opened;
  };
  const gate = await createReader({ ...plan, start: plan.earliest, queueSize: 1, listener });
  try {
    const isHeld = await Promise.race([held, after(FIRST_MESSAGE_MS)]);
    return isHeld ? await createReader(plan) : undefined;
  } finally {
    open();
    await close(gate);
  }
}

function after(ms: number): Promise<false> {
  return new Promise((resolve) => setTimeout(() => resolve(false), ms).unref());
}
