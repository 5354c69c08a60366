import { readFileSync } from 'node:fs';
import { GenfleetError } from '@genfleet/job';
import { CATALOG } from '@genfleet/ledger';
import type { ArchiveBeside } from './span.ts';

export interface TrinoLedgerOptions {
  /**
   * `trino://user@host:port/catalog/tenant/namespace`; `?ssl=true` for HTTPS, `?ca=FILE` with who signed it, `?archive=` the
   * catalog in which it has the archive of what it reads, so that each query spans both.
   */
  readonly url: string;
  /** Asked for over HTTPS only, as it would be readable on any other way. */
  readonly password?: string | undefined;
  /** `<tenant>/<namespace>`, unless the URL has it. */
  readonly schemaName?: string | undefined;
  /** Asked for with `?archive=` alone. */
  readonly archive?: ArchiveBeside | undefined;
}

/** Where a Trino is, who asks it, and where it looks for a table without a schema. */
export interface TrinoAddress {
  /** `https://host:port`. */
  readonly server: string;
  readonly user: string;
  readonly password: string | undefined;
  readonly catalog: string;
  readonly schema: string;
  /** That of the archive, where queries are to span it. */
  readonly archiveCatalog: string | undefined;
  /** PEM. */
  readonly ca: string | undefined;
}

const SHAPE =
  /^trino:\/\/(?:([^/?#@:]+)@)?([^/?#@]+?)(?:\/([^/?#]+)(?:\/([^/?#]+\/[^/?#]+))?)?\/?(?:\?([^#]*))?$/;
const WANTED = `trino://user@host:port/${CATALOG}/tenant/namespace, with ?ssl=true for HTTPS`;
const PARAMETERS = new Set(['ssl', 'ca', 'archive']);
const CATALOG_NAME = /^[a-z_][a-z0-9_]*$/;
const DEFAULT_USER = 'genfleet';
const DEFAULT_SCHEMA = 'public/default';
const PORTS = { http: 8080, https: 8443 } as const;

const invalid = (message: string, cause?: unknown) =>
  new GenfleetError('invalid_configuration', message, { cause });

/** @throws GenfleetError `invalid_configuration`, without what may be a password in its message. */
export function readTrinoAddress({ url, password, schemaName }: TrinoLedgerOptions): TrinoAddress {
  const [, user = DEFAULT_USER, host, catalog = CATALOG, schema, query] = SHAPE.exec(url) ?? [];
  if (!host) {
    const shown = url.replace(/\/\/.*@/s, '//…@').replace(/\?.*$/s, '?…');
    const why = /\/\/[^/@]*:[^/@]*@/.test(url) ? ': a password goes into LEDGER_PASSWORD' : '';
    throw invalid(`${shown} is not the address of a Trino${why}; wanted ${WANTED}`);
  }
  const parameters = new URLSearchParams(query);
  const unknown = [...parameters.keys()].find((name) => !PARAMETERS.has(name));
  if (unknown !== undefined) throw invalid(`a Trino's address has no ?${unknown}; wanted ${WANTED}`);
  const scheme = parameters.get('ssl') === 'true' ? 'https' : 'http';
  if (scheme === 'http' && password) {
    throw invalid('LEDGER_PASSWORD would go over plain HTTP; add ?ssl=true to LEDGER_URL');
  }
  const server = `${scheme}://${/:\d+$/.test(host) ? host : `${host}:${PORTS[scheme]}`}`;
  if (!URL.canParse(server)) throw invalid(`${host} is no host and port; wanted ${WANTED}`);
  return {
    server,
    user: decodeURIComponent(user),
    password: password || undefined,
    catalog: catalog.toLowerCase(),
    schema: schema ?? schemaName ?? DEFAULT_SCHEMA,
    archiveCatalog: archiveCatalogIn(parameters, catalog),
    ca: readCa(parameters.get('ca')),
  };
}

function archiveCatalogIn(parameters: URLSearchParams, catalog: string): string | undefined {
  const name = parameters.get('archive');
  if (name === null) return undefined;
  if (!CATALOG_NAME.test(name) || name === catalog.toLowerCase()) {
    throw invalid(`?archive=${name} of LEDGER_URL is not the name of another catalog, as archive is`);
  }
  return name;
}

function readCa(file: string | null): string | undefined {
  if (file === null) return undefined;
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw invalid(`the certificate ${file} of Trino's signer cannot be read`, cause);
  }
}
