import type { LedgerAnswer } from '@genfleet/client';

/** The rows of an answer by the names of their columns. */
export function recordsOf({ columns, rows }: LedgerAnswer): Record<string, unknown>[] {
  return rows.map((row) => Object.fromEntries(columns.map(({ name }, index) => [name, row[index]])));
}

/** Counts may come as text: they can be larger than what JSON's numbers hold exactly. */
export function numberIn(value: unknown): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : 0;
}

const TIME = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})/;

/** A time of the ledger, which is in UTC however it is written, in Unix ms; undefined for what is none. */
export function timeIn(value: unknown): number | undefined {
  const [, day, clock] = TIME.exec(String(value)) ?? [];
  return day === undefined ? undefined : Date.parse(`${day}T${clock}:00Z`);
}

/** Rows of one kind of job, or all where no kind is asked for. */
export function ofKind(records: readonly Record<string, unknown>[], kind: string): Record<string, unknown>[] {
  return records.filter((record) => kind === '' || record['kind'] === kind);
}
