import { join } from 'node:path';
import type { Bus } from '@genfleet/bus';
import type { Config } from '@genfleet/config';
import { GenfleetError, topicOf } from '@genfleet/job';
import { type SqlLedger, schemaNameOf } from '@genfleet/ledger';
import { openArchive } from './open-artifacts.ts';

/** What it holds is not kept beyond its retention. */
const PROMPTS = topicOf('requested', 'completion');

type Log = { info(fields: object, message: string): void };

/**
 * The engine for SQL that `LEDGER_URL` names. Nothing is started and nothing is read before the first query.
 * @throws GenfleetError `invalid_configuration`.
 */
export async function openLedger(config: Config, bus: Bus, log?: Log): Promise<SqlLedger> {
  const url = config.LEDGER_URL;
  if (url === undefined) {
    const message = 'LEDGER_URL is not set; wanted: duckdb: or trino://host:port';
    throw new GenfleetError('invalid_configuration', message);
  }
  if (url.startsWith('duckdb:')) {
    return (await import('@genfleet/ledger-duckdb')).openDuckdbLedger({
      bus,
      directory: url.slice('duckdb:'.length) || join(config.DATA_DIR, 'ledger'),
      schemaName: schemaNameOf(config.BUS_URL),
      // a token may be in the query
      source: config.BUS_URL.replace(/\?.*$/s, ''),
      transient: [PROMPTS.name],
      ...(config.ARCHIVE ? { archive: await openArchive(config, () => bus.nowMs()) } : {}),
      ...(log === undefined ? {} : { log }),
    });
  }
  return (await import('@genfleet/ledger-trino')).openTrinoLedger({
    url,
    password: config.LEDGER_PASSWORD,
    schemaName: schemaNameOf(config.BUS_URL),
    archive: {
      ...{ open: () => openArchive(config), location: config.ARCHIVE_URL },
      ...{ bus, transient: [PROMPTS.name] },
    },
  });
}
