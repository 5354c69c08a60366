import { rmSync } from 'node:fs';
import type { DuckDBConnection } from '@duckdb/node-api';
import { literal } from '@genfleet/duckdb-tables';
import { CATALOG } from '@genfleet/ledger';

/** Tables of ours beside those of the ledger: what the file is, and how far each topic was read. */
export const OWN_SCHEMA = `${CATALOG}.genfleet`;

interface Attached {
  /** The file that was taken; undefined for one in memory. */
  readonly file: string | undefined;
  /** Why there is nothing in it, undefined when it was taken as it stood. */
  readonly rebuilt: string | undefined;
}

/**
 * Attaches the first of the files that no other process has open, or else one in memory. A file that is damaged, or that
 * another version or another bus's ledger wrote, is made anew: everything in it is in the topics.
 */
export async function attachCache(
  connection: DuckDBConnection,
  { files, remake, fingerprint }: { files: readonly string[]; remake: boolean; fingerprint: string },
): Promise<Attached> {
  for (const file of files) {
    if (remake && !(await isInUse(connection, file))) removeFile(file);
    const fault = await tryToAttach(connection, file);
    if (fault === 'in use') continue;
    const stale = fault ?? (await staleness(connection, fingerprint));
    if (stale === undefined) return { file, rebuilt: undefined };
    await connection.run(`detach database if exists ${CATALOG}`);
    removeFile(file);
    await connection.run(`attach ${literal(file)} as ${CATALOG}`);
    return { file, rebuilt: remake ? 'it was damaged' : stale };
  }
  await connection.run(`attach ':memory:' as ${CATALOG}`);
  return { file: undefined, rebuilt: 'other processes use the files, so it is kept in memory' };
}

async function tryToAttach(connection: DuckDBConnection, file: string): Promise<string | undefined> {
  try {
    await connection.run(`attach ${literal(file)} as ${CATALOG}`);
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return /lock on file/i.test(message) ? 'in use' : message.split('\n', 1)[0];
  }
}

async function isInUse(connection: DuckDBConnection, file: string): Promise<boolean> {
  const fault = await tryToAttach(connection, file);
  if (fault === undefined) await connection.run(`detach ${CATALOG}`);
  return fault === 'in use';
}

/** Why the attached file cannot be used, if it cannot. */
async function staleness(connection: DuckDBConnection, fingerprint: string): Promise<string | undefined> {
  try {
    const reader = await connection.runAndReadAll(`select fingerprint from ${OWN_SCHEMA}.made`);
    const [[found] = []] = reader.getRows();
    return found === fingerprint ? undefined : 'it is of another version, or of another bus';
  } catch {
    return 'there is nothing in it';
  }
}

function removeFile(file: string): void {
  for (const suffix of ['', '.wal']) rmSync(file + suffix, { force: true });
}
