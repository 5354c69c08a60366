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
  readonly inputTableColumnInfos: readonly {
    readonly table: { readonly schemaTable: { readonly table: string } };
    /** Elsewhere in a Trino that is newer than any which Pulsar's connector loads in. */
    readonly columnConstraints?: readonly {
      readonly columnName: string;
      readonly domain: { readonly ranges: readonly { readonly high: Bound }[] };
    }[];
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
export function planQuestion({ sql, tokens }: Statement): Question | undefined {
  const [first] = tokens;
  const isRead = first?.text === '(' || READS_TABLES.has(first?.text.toLowerCase() ?? '');
  return isRead ? { sql: `explain (type io, format json)\n${sql}`, linesBefore: 1 } : undefined;
}

/**
 * @returns whether it reads topics at all: an archive may be bounded as one likes, and is there or not.
 * @throws InvalidQuery when a scan of the plan is bounded from above, with the form that is exact.
 */
export function readsTopics(plan: string, { sql, tokens }: Statement): boolean {
  const { inputTableColumnInfos: scans } = JSON.parse(plan) as IoPlan;
  const topics = scans.filter(({ columnConstraints }) => columnConstraints !== undefined);
  const bounded = topics.find(({ columnConstraints = [] }) =>
    columnConstraints.some(
      ({ columnName, domain }) =>
        columnName === COLUMN && domain.ranges.some(({ high }) => high.value !== undefined),
    ),
  );
  if (!bounded) return topics.length > 0;
  const place = tokens.find((token) => nameOf(token)?.toLowerCase() === COLUMN);
  throw new InvalidQuery(
    `An upper bound on ${COLUMN} (<, <=, =, between, in) loses messages of ${bounded.table.schemaTable.table} in Trino: ` +
      `Pulsar's connector leaves some out without saying so. This is exact, and a lower bound may stand beside it: ` +
      `${COLUMN} + interval '0' second < timestamp '2026-03-01 12:00:00'.`,
    place && positionAt(sql, place.offset),
  );
}
