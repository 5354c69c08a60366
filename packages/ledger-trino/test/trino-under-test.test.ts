/** A ledger over a real Trino, and what Trino knows of it; holds no tests itself. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Bus, fleetTopics } from '@genfleet/bus';
import { openPulsarWsBus } from '@genfleet/bus-pulsar-ws';
import type { JobEvent, Topic } from '@genfleet/job';
import type { SqlLedgerUnderTest } from '@genfleet/ledger/contract';
import { type Missing, provide } from '../../../tools/provision/components.ts';
import { openTrinoLedger } from '../src/index.ts';

/** A Trino and the Pulsar that it reads, both shared with others. */
export interface Pair {
  readonly pulsar: Exclude<Awaited<ReturnType<typeof provide<'pulsar'>>>, Missing>;
  readonly trino: Exclude<Awaited<ReturnType<typeof provide<'trino'>>>, Missing>;
}

export async function providePair(): Promise<Pair | Missing> {
  const pulsar = await provide('pulsar');
  if ('missing' in pulsar) return pulsar;
  const trino = await provide('trino');
  return 'missing' in trino ? trino : { pulsar, trino };
}

/** A namespace of the test's own with all topics, and who publishes there. */
export interface Topics {
  readonly schemaName: string;
  readonly bus: Bus;
  publish(topic: Topic, event: JobEvent): Promise<void>;
}

export async function openTopics({ pulsar }: Pick<Pair, 'pulsar'>): Promise<Topics> {
  const schemaName = `ledger/run-${randomUUID().slice(0, 8)}`;
  const { wsUrl, adminUrl, token } = pulsar;
  const bus = await openPulsarWsBus({
    ...{ url: `${wsUrl}/${schemaName}`, adminUrl },
    ...(token === undefined ? {} : { token }),
  });
  await bus.ensureTopics(fleetTopics());
  return {
    ...{ schemaName, bus },
    async publish(topic, event) {
      await (await bus.producer(topic)).send({ key: event.id, value: JSON.stringify(event) });
      // the next one is later by its time as well
      await sleep(2);
    },
  };
}

export async function openUnderTest(pair: Pair): Promise<SqlLedgerUnderTest> {
  const { schemaName, bus, publish } = await openTopics(pair);
  const ledger = openTrinoLedger({ url: pair.trino.url, schemaName });
  return { ledger, schemaName, publish, destroy: () => bus.close() };
}

/** Asks with bounds that a test needs no thought about. */
export const WIDE = { maxRows: 10_000, timeoutMs: 60_000 } as const;

/** Of Trino's own list of queries, as an administrator sees it. */
export interface ListedQuery {
  readonly queryId: string;
  readonly query: string;
  readonly state: string;
  readonly errorCode?: { readonly name: string };
}

/** Queries whose text has this in it, newest first. */
export async function listedQueries(trinoUrl: string, text: string): Promise<ListedQuery[]> {
  const answer = await fetch(`http://${new URL(trinoUrl).host}/v1/query`, {
    headers: { 'x-trino-user': 'admin' },
  });
  const all = (await answer.json()) as ListedQuery[];
  return all.filter(({ query }) => query.includes(text));
}
