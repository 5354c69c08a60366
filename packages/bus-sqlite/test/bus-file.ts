import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus, Message } from '@genfleet/bus';
import type { Topic } from '@genfleet/job';

export const TOPIC: Topic = { name: 'jobs', persistent: true };
export const SUBSCRIPTION = 'workers';

/** A folder for one test, and what takes it away again. */
export function newFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'genfleet-bus-'));
  return {
    folder,
    file: join(folder, 'fleet.db'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export async function ensureTopic(bus: Bus, retentionMs = Number.POSITIVE_INFINITY) {
  await bus.ensureTopics([{ topic: TOPIC, subscriptions: [SUBSCRIPTION], retentionMs }]);
}

/** Waits until the condition holds; generous, because the box may be busy. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, withinMs = 60_000) {
  const deadline = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(10);
  }
}

export async function readAll(bus: Bus): Promise<Message[]> {
  const messages: Message[] = [];
  for await (const batch of bus.read(TOPIC, { from: 'earliest', signal: AbortSignal.timeout(60_000) })) {
    messages.push(...batch.messages);
    if (batch.caughtUp) return messages;
  }
  throw new Error('the read ended before it had caught up');
}
