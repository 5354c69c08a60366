import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fleetTopics } from '@genfleet/bus';
import { openPulsarWsBus } from '@genfleet/bus-pulsar-ws';
import { encodeEvent, topicOf } from '@genfleet/job';
import { FIXED_LEDGER } from '@genfleet/ledger/contract';
import { describe, expect, it } from '@jest/globals';
import { provide } from '../../../tools/provision/components.ts';
import { openDuckdbLedger } from './index.ts';

const pulsar = await provide('pulsar');
if ('missing' in pulsar) {
  describe('ledger-duckdb', () => it.skip(`reads Pulsar (not here: ${pulsar.missing})`, () => undefined));
} else {
  describe('ledger-duckdb over Pulsar', () => {
    it('knows everything that was published before the question', async () => {
      const directory = mkdtempSync(join(tmpdir(), 'genfleet-ledger-'));
      const schemaName = `ledger-${randomUUID().slice(0, 8)}/images`;
      const { wsUrl, adminUrl, token } = pulsar;
      const url = `${wsUrl}/${schemaName}`;
      const bus = await openPulsarWsBus({ url, adminUrl, ...(token ? { token } : {}) });
      const texts = topicOf('requested', 'completion').name;
      const ledger = openDuckdbLedger({ bus, directory, schemaName, source: url, transient: [texts] });
      try {
        await bus.ensureTopics(fleetTopics());
        const options = { maxRows: 100, timeoutMs: 60_000, signal: new AbortController().signal };
        for (const [index, { topic, event }] of FIXED_LEDGER.entries()) {
          await (await bus.producer(topic)).send({ key: event.id, value: encodeEvent(event) });
          if (index % 5 > 0) continue;
          const sql = `select count(*) from pulsar."${schemaName}".${topic.name}`;
          const published = FIXED_LEDGER.slice(0, index + 1).filter((each) => each.topic.name === topic.name);
          expect((await ledger.query(sql, options)).rows).toEqual([[published.length]]);
        }
      } finally {
        await ledger.close();
        await bus.close();
        rmSync(directory, { recursive: true, force: true });
      }
    }, 120_000);
  });
}
