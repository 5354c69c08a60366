import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fleetTopics } from '@genfleet/bus';
import { openSqliteBus } from '@genfleet/bus-sqlite';
import { encodeEvent } from '@genfleet/job';
import { sqlLedgerContract } from '@genfleet/ledger/contract';
import { openDuckdbLedger } from './index.ts';

sqlLedgerContract({
  name: 'ledger-duckdb',
  endless: 'select count(*) from range(1000000000000) as r(x) where sin(x) > 2',
  create: async () => {
    const directory = mkdtempSync(join(tmpdir(), 'genfleet-ledger-'));
    const bus = await openSqliteBus({ file: join(directory, 'fleet.db') });
    await bus.ensureTopics(fleetTopics());
    const schemaName = 'public/default';
    const transient = ['requested_completion_generation'];
    const ledger = openDuckdbLedger({ bus, directory, schemaName, source: 'test', transient });
    return {
      ledger,
      schemaName,
      publish: async (topic, event) => {
        const { publishTimeMs } = await (await bus.producer(topic)).send({
          key: event.id,
          value: encodeEvent(event),
        });
        while (Date.now() <= publishTimeMs) await new Promise((resolve) => setTimeout(resolve, 1));
      },
      destroy: async () => {
        await bus.close();
        rmSync(directory, { recursive: true, force: true });
      },
    };
  },
});
