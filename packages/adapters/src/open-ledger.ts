import { join } from 'node:path';
import { type Bus, fleetTopics } from '@genfleet/bus';
import { type Config, topicPolicy } from '@genfleet/config';
import { GenfleetError } from '@genfleet/job';
import { ledgerTables, type SqlLedger, schemaNameOf } from '@genfleet/ledger';

type LedgerConfig = Pick<
  Config,
  'LEDGER_URL' | 'LEDGER_PASSWORD' | 'BUS_URL' | 'DATA_DIR' | 'PROMPT_RETENTION_MS' | 'WEBHOOK_SECRET'
>;

type Log = { info(fields: object, message: string): void };

/**
 * The engine for SQL that `LEDGER_URL` names. Nothing is started and nothing is read before the first query.
 * @throws GenfleetError `invalid_configuration`.
 */
export async function openLedger(config: LedgerConfig, bus: Bus, log?: Log): Promise<SqlLedger> {
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
      transient: forgetfulTopics(config),
      ...(log === undefined ? {} : { log }),
    });
  }
  return (await import('@genfleet/ledger-trino')).openTrinoLedger({
    url,
    password: config.LEDGER_PASSWORD,
    schemaName: schemaNameOf(config.BUS_URL),
  });
}

/** Topics of the ledger that do not keep what they hold. */
function forgetfulTopics(config: LedgerConfig): readonly string[] {
  const names = new Set(ledgerTables().map(({ name }) => name));
  return fleetTopics(topicPolicy(config))
    .filter(({ topic, retentionMs }) => names.has(topic.name) && Number.isFinite(retentionMs))
    .map(({ topic }) => topic.name);
}
