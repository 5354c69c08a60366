import type { Bus } from '@genfleet/bus';
import { encodeEvent, type JobEvent, type Kind, topicOf } from '@genfleet/job';
import { FIXED_LEDGER } from '@genfleet/ledger/contract';

export interface MadeJob {
  readonly id: string;
  readonly kind: Kind;
  readonly madeMs: number;
}

/**
 * The fixed ledger many times over: jobs of both kinds in every status, each time `apartMs` older, all of the tenant
 * `default`. Their ids say so, whenever they were published.
 */
export async function publishMany(
  bus: Bus,
  { times, apartMs, nowMs }: { times: number; apartMs: number; nowMs: number },
): Promise<MadeJob[]> {
  const jobs = new Map<string, MadeJob>();
  for (let n = 0; n < times; n++) {
    for (const { event } of FIXED_LEDGER) {
      const id = agedId(event.id, nowMs - n * apartMs, n);
      const aged = { ...event, id, tenant: 'default' } as JobEvent;
      const producer = await bus.producer(topicOf(event.type, event.kind));
      await producer.send({ key: id, value: encodeEvent(aged) });
      jobs.set(id, { id, kind: event.kind, madeMs: timeOf(id) });
    }
  }
  return [...jobs.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
}

const FIXED_MS = Math.min(...FIXED_LEDGER.map(({ event }) => timeOf(event.id)));

function timeOf(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

/** Made as long before `lastMs` as it was made after the first of its ledger, so that the copies interlock. */
function agedId(id: string, lastMs: number, n: number): string {
  const time = (lastMs - (timeOf(id) - FIXED_MS)).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}${id.slice(13, 24)}${n.toString(16).padStart(4, '0')}${id.slice(28)}`;
}
