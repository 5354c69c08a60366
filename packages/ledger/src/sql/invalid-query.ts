import { GenfleetError } from '@genfleet/job';

/** A place in the text of a query, both counted from 1, columns in UTF-16 units. */
export interface SqlPosition {
  readonly line: number;
  readonly column: number;
}

/** SQL that the asker has to change: a mistake in it, a write, or more than the engine may spend. */
export class InvalidQuery extends GenfleetError {
  readonly position: SqlPosition | undefined;

  constructor(message: string, position?: SqlPosition, cause?: unknown) {
    super('invalid_query', message, { cause });
    this.position = position;
  }
}

/** `offset` is in UTF-16 units; one beyond the text is its end. */
export function positionAt(sql: string, offset: number): SqlPosition {
  const before = sql.slice(0, Math.max(0, offset));
  const lines = before.split('\n');
  return { line: lines.length, column: (lines.at(-1) ?? '').length + 1 };
}

/** The error for a table that is not there, with those that are: they are few. */
export function unknownTable(name: string, tables: readonly string[], position?: SqlPosition): InvalidQuery {
  return new InvalidQuery(`There is no table ${name}. There are: ${tables.join(', ')}.`, position);
}
