import { InvalidQuery, positionAt, type SqlToken, type Statement } from '@genfleet/ledger';

const COLUMN = '__publish_time__';
/** Statements whose rows come from tables; others (`show`, `describe`, `explain`) read none. */
const READS_TABLES = new Set(['select', 'with', 'values', 'table']);

interface Bound {
  readonly value?: string;
  readonly bound: 'ABOVE' | 'EXACTLY' | 'BELOW';
}

/** The parts of what `explain (type io, format json)` answers that are about the conditions of its scans. */
interface IoPlan {
  readonly inputTableColumnInfos: readonly Scan[];
}

interface Scan {
  readonly table: { readonly catalog: string; readonly schemaTable: { readonly table: string } };
  /** Elsewhere in a Trino that is newer than any which Pulsar's connector loads in. */
  readonly columnConstraints?: readonly {
    readonly columnName: string;
    readonly domain: { readonly ranges: readonly { readonly low: Bound; readonly high: Bound }[] };
  }[];
}

/** What Trino is asked. */
export interface Question {
  readonly sql: string;
  /** Lines of it that stand before the query that was given. */
  readonly linesBefore: number;
}

/** The name that a token stands for, as it is written. */
export function nameOf({ type, text }: SqlToken): string | undefined {
  if (type === 'word') return text;
  return type === 'name' ? text.slice(1, -1).replaceAll('""', '"') : undefined;
}

/**
 * What tells whether the query may lose messages: Pulsar's connector takes an upper bound on the time of publishing,
 * and then leaves out one batch more than it says, silently. Whether there is a bound is asked of Trino's own plan
 * and not read from the text: names may be changed by aliases, views of the query and set operations, and bounds may be
 * turned round by `not` or carried over by a join. @returns undefined for what reads no table.
 */
export function planQuestion({ tokens }: Statement, { sql, linesBefore }: Question): Question | undefined {
  const [first] = tokens;
  const isRead = first?.text === '(' || READS_TABLES.has(first?.text.toLowerCase() ?? '');
  if (!isRead) return undefined;
  return { sql: `explain (type io, format json)\n${sql}`, linesBefore: linesBefore + 1 };
}

/** What the plan says of the times of publishing that a query is about. */
export interface PlannedTimes {
  /** Whether it reads topics at all. */
  readonly readsTopics: boolean;
  /** Since when each table of the archive is read, Unix ms; none for one that is read whole. */
  readonly archivedFromMs: ReadonlyMap<string, number>;
}

/**
 * @param archiveCatalog of the archive beside the topics: that may be bounded as one likes.
 * @throws InvalidQuery when a scan of a topic is bounded from above, with the form that is exact.
 */
export function plannedTimes(
  plan: string,
  statement: Statement,
  archiveCatalog: string | undefined,
): PlannedTimes {
  const { inputTableColumnInfos: scans } = JSON.parse(plan) as IoPlan;
  const constrained = scans.filter(({ columnConstraints }) => columnConstraints !== undefined);
  const [archived, topics] = [true, false].map((isArchived) =>
    constrained.filter(({ table }) => (table.catalog === archiveCatalog) === isArchived),
  ) as [Scan[], Scan[]];
  refuseUpperBound(topics, statement);
  const byTable = Map.groupBy(archived, ({ table }) => table.schemaTable.table);
  const archivedFromMs = new Map(
    [...byTable].flatMap(([name, of]) => {
      const fromMs = Math.min(...of.map(lowestMs));
      return fromMs > Number.NEGATIVE_INFINITY ? [[name, fromMs] as const] : [];
    }),
  );
  return { readsTopics: topics.length > 0, archivedFromMs };
}

function lowestMs({ columnConstraints = [] }: Scan): number {
  const times = columnConstraints.filter(({ columnName }) => columnName === COLUMN);
  const ranges = times.flatMap(({ domain }) => domain.ranges);
  const lows = ranges.map(({ low: { value } }) =>
    value === undefined ? Number.NaN : Date.parse(`${value.replace(' ', 'T')}Z`),
  );
  // a bound that can't be read is none
  return lows.length === 0 || lows.some(Number.isNaN) ? Number.NEGATIVE_INFINITY : Math.min(...lows);
}

function refuseUpperBound(topics: readonly Scan[], { sql, tokens }: Statement): void {
  const bounded = topics.find(({ columnConstraints = [] }) =>
    columnConstraints.some(
      ({ columnName, domain }) =>
        columnName === COLUMN && domain.ranges.some(({ high }) => high.value !== undefined),
    ),
  );
  if (!bounded) return;
  const place = tokens.find((token) => nameOf(token)?.toLowerCase() === COLUMN);
  throw new InvalidQuery(
    `An upper bound on ${COLUMN} (<, <=, =, between, in) loses messages of ${bounded.table.schemaTable.table} in Trino: ` +
      `Pulsar's connector leaves some out without saying so. This is exact, and a lower bound may stand beside it: ` +
      `${COLUMN} + interval '0' second < timestamp '2026-03-01 12:00:00'.`,
    place && positionAt(sql, place.offset),
  );
}
