import { readFileSync } from 'node:fs';
import { GenfleetError } from '@genfleet/job';
import { CATALOG } from '@genfleet/ledger';

export interface TrinoLedgerOptions {
  /** `trino://user@host:port/catalog/tenant/namespace`; `?ssl=true` for HTTPS, `?ca=FILE` with who signed it. */
  readonly url: string;
  /** Asked for over HTTPS only, as it would be readable on any other way. */
  readonly password?: string | undefined;
  /** `<tenant>/<namespace>`, unless the URL has it. */
  readonly schemaName?: string | undefined;
}

/** Where a Trino is, who asks it, and where it looks for a table without a schema. */
export interface TrinoAddress {
  /** `https://host:port`. */
  readonly server: string;
  readonly user: string;
  readonly password: string | undefined;
  readonly catalog: string;
  readonly schema: string;
  /** PEM. */
  readonly ca: string | undefined;
}

const SHAPE =
  /^trino:\/\/(?:([^/?#@:]+)@)?([^/?#@]+?)(?:\/([^/?#]+)(?:\/([^/?#]+\/[^/?#]+))?)?\/?(?:\?([^#]*))?$/;
const WANTED = `trino://user@host:port/${CATALOG}/tenant/namespace, with ?ssl=true for HTTPS`;
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
  const unknown = [...parameters.keys()].find((name) => name !== 'ssl' && name !== 'ca');
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
    ca: readCa(parameters.get('ca')),
  };
}

function readCa(file: string | null): string | undefined {
  if (file === null) return undefined;
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw invalid(`the certificate ${file} of Trino's signer cannot be read`, cause);
  }
}
