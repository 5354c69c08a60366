import type { Fault } from './protocol.ts';

/** As DuckDB tells what went wrong with `errors_as_json`. `position` is in bytes of UTF-8. */
interface DuckdbError {
  readonly exception_type?: string;
  readonly exception_message?: string;
  readonly position?: string;
}

/** What is wrong with the engine, and of that what is wrong with its file; all else is the query's fault. */
const OF_FILE = new Set(['IO', 'FATAL', 'Serialization', 'Checksum']);
const BROKEN = new Set([...OF_FILE, 'INTERNAL', 'Connection', 'Transaction']);
const MISSING_TABLE = /^Table with name (.+?) does not exist/;

/** @param sql what was asked, of which the place of a mistake is told. */
export function faultOf(thrown: unknown, sql: string): Fault {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  const { exception_type: type, exception_message: said = text, position } = parsed(text);
  // "Did you mean" knows tables of the engine's own, and the lines with the place are ours to show
  const message = said.replace(/\n[\s\S]*$/, '').trim();
  if (/^INTERRUPT/i.test(type ?? '')) return { kind: 'cancelled', message };
  if (type === undefined || BROKEN.has(type)) {
    return { kind: 'broken', message, isOfFile: type !== undefined && OF_FILE.has(type) };
  }
  if (/^Out of Memory/i.test(type)) {
    return { kind: 'invalid', message: 'The query needs more memory than the ledger may use; ask for less.' };
  }
  const missing = MISSING_TABLE.exec(message)?.[1];
  return {
    ...{ kind: 'invalid', message },
    ...(position === undefined ? {} : { offset: unitsIn(sql, Number(position)) }),
    ...(missing === undefined ? {} : { missingTable: missing }),
  };
}

/** A mistake in the syntax comes with words before its JSON. */
function parsed(text: string): DuckdbError {
  const json = text.slice(Math.max(0, text.indexOf('{')));
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    const type = /^([A-Z][\w ]*) Error: /.exec(text)?.[1];
    return type === undefined ? {} : { exception_type: type, exception_message: text.slice(type.length + 8) };
  }
}

function unitsIn(sql: string, bytes: number): number {
  return Buffer.from(sql).subarray(0, bytes).toString('utf8').length;
}
