import { BasicAuth, type ConnectionOptions, type QueryResult, Trino } from 'trino-client';
import type { TrinoAddress } from './address.ts';
import { parseExactly } from './parse-exactly.ts';

/** Types as Trino sends them beside their text. */
export interface TypeSignature {
  readonly rawType: string;
  readonly arguments: readonly { readonly kind: string; readonly value: unknown }[];
}

export interface TrinoColumn {
  readonly name: string;
  readonly typeSignature: TypeSignature;
}

export interface TrinoError {
  readonly message: string;
  readonly errorName: string;
  readonly errorType: 'USER_ERROR' | 'INTERNAL_ERROR' | 'INSUFFICIENT_RESOURCES' | 'EXTERNAL';
  readonly errorLocation?: { readonly lineNumber: number; readonly columnNumber: number };
}

/** A piece of an answer. Columns come with some pages and rows with others. */
export interface Page {
  readonly columns?: readonly TrinoColumn[];
  readonly data?: readonly (readonly unknown[])[];
  readonly error?: TrinoError;
}

export interface StartedQuery {
  /** Undefined until Trino answered for the first time. */
  readonly id: () => string | undefined;
  /** Ends with the answer or with a page that has an `error`; throws what HTTP and TLS do, and when aborted. */
  readonly pages: AsyncIterable<Page>;
  /** Of all pages so far. */
  readonly bytes: () => number;
}

export interface QuerySettings {
  readonly signal: AbortSignal;
  /** After which Trino ends the query by itself, should we no longer be able to tell it. */
  readonly timeoutMs: number;
}

/** What `trino-client` has no option for: it hands this to axios with each request. */
interface Reached {
  readonly client: { readonly clientConfig: object };
}

const MAX_REQUEST_MS = 120_000;
const CANCEL_MS = 5_000;

function clientOf(address: TrinoAddress, more: ConnectionOptions, config: object): Trino {
  const { server, user, password, catalog, schema, ca } = address;
  const trino = Trino.create({
    ...{ server, catalog, schema, source: 'genfleet', ssl: ca === undefined ? {} : { ca } },
    ...(password === undefined ? {} : { auth: new BasicAuth(user, password) }),
    ...more,
    extraHeaders: {
      'X-Trino-User': user,
      'X-Trino-Time-Zone': 'UTC',
      // without it times finer than a millisecond are cut
      'X-Trino-Client-Capabilities': 'PARAMETRIC_DATETIME',
    },
  });
  const { clientConfig } = (trino as unknown as Reached).client;
  // no proxy, as nothing else of Genfleet's goes through one
  Object.assign(clientConfig, { timeout: MAX_REQUEST_MS, maxRedirects: 0, proxy: false, ...config });
  return trino;
}

/** Begins to ask; nothing is sent before the pages are read. */
export function startQuery(address: TrinoAddress, sql: string, settings: QuerySettings): StartedQuery {
  let id: string | undefined;
  let bytes = 0;
  const transformResponse = (text: unknown, headers: { readonly 'content-type'?: unknown }) => {
    // what refuses a request is a page for people
    if (typeof text !== 'string' || !String(headers['content-type']).includes('json')) return text;
    bytes += text.length;
    const page = parseExactly(text);
    if (typeof page === 'object' && page !== null && 'id' in page) id = String(page.id);
    return page;
  };
  const session = { query_max_run_time: `${Math.ceil(settings.timeoutMs)}ms` };
  const trino = clientOf(address, { session }, { signal: settings.signal, transformResponse });
  return { id: () => id, bytes: () => bytes, pages: pagesOf(trino, sql) };
}

/** Unlike a `for await`, it sees the page of a query that ended before its second one. */
async function* pagesOf(trino: Trino, sql: string): AsyncGenerator<Page> {
  const iterator = await trino.query(sql);
  let last: QueryResult | undefined;
  for (;;) {
    const { value, done } = await iterator.next();
    if (value !== last) yield value as unknown as Page;
    if (done) return;
    last = value;
  }
}

/** Ends a query in Trino; leaving its pages would let it run on. Of one that ended it changes nothing. */
export async function cancelQuery(address: TrinoAddress, id: string): Promise<void> {
  await clientOf(address, {}, { timeout: CANCEL_MS }).cancel(id);
}
