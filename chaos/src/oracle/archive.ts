import { setTimeout as sleep } from 'node:timers/promises';
import { openArchive, openBus } from '@genfleet/adapters';
import { readConfig } from '@genfleet/config';
import { KINDS, type Topic, topicsOf } from '@genfleet/job';
import { archivedMessages } from '../../../services/recorder/test/archived-messages.ts';

const AGAIN_MS = 500;

/** Holds the files of the archive against the topics: every message is in one of them, once, before the time is over. */
export async function archiveFaults(
  env: Readonly<Record<string, string>>,
  withinMs: number,
): Promise<string[]> {
  const config = readConfig(env);
  const [bus, objects] = [await openBus(config), await openArchive(config)];
  const endMs = performance.now() + withinMs;
  try {
    const faults: string[] = [];
    for (const { topic } of KINDS.flatMap((kind) => topicsOf(kind))) {
      const ids = (await idsOf(bus, topic)).sort();
      let archived: string[];
      for (;;) {
        archived = await archivedMessages(objects, topic.name);
        if (archived.length >= ids.length || performance.now() > endMs) break;
        await sleep(AGAIN_MS);
      }
      const kept = new Set(archived);
      const missing = ids.filter((id) => !kept.has(id)).length;
      const doubled = archived.length - kept.size;
      if (missing > 0)
        faults.push(`archive: ${missing} of ${ids.length} messages of ${topic.name} are not in it`);
      if (doubled > 0) faults.push(`archive: ${doubled} messages of ${topic.name} are in it twice`);
    }
    return faults;
  } finally {
    await Promise.all([bus.close(), objects.close()]);
  }
}

async function idsOf(bus: Awaited<ReturnType<typeof openBus>>, topic: Topic): Promise<string[]> {
  const done = new AbortController();
  const ids: string[] = [];
  for await (const { messages, caughtUp } of bus.read(topic, { from: 'earliest', signal: done.signal })) {
    ids.push(...messages.map(({ messageId }) => messageId));
    if (caughtUp) break;
  }
  done.abort();
  return ids;
}
