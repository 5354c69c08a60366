/** A piece of SQL that means something; spaces and comments are left out. */
export interface SqlToken {
  /** `name` is a quoted one; a `word` is a keyword or a name, as it was written. */
  readonly type: 'word' | 'name' | 'text' | 'number' | 'sign';
  readonly text: string;
  /** In UTF-16 units from the start of the SQL. */
  readonly offset: number;
}

const SPACE = /(?:\s|--[^\r\n]*(?:[\r\n]|$)|\/\*[\s\S]*?(?:\*\/|$))+/y;
const PIECES = [
  ['text', /'(?:[^']|'')*(?:'|$)/y],
  ['name', /"(?:[^"]|"")*(?:"|$)/y],
  ['word', /[\p{L}_][\p{L}\p{N}_$]*/uy],
  ['number', /\d[\w.]*/y],
] as const;

/** SQL in pieces, as standard SQL has them: enough to see where statements, names and literals begin and end. */
export function sqlTokens(sql: string): SqlToken[] {
  const tokens: SqlToken[] = [];
  for (let offset = 0; offset < sql.length; ) {
    SPACE.lastIndex = offset;
    offset += SPACE.exec(sql)?.[0].length ?? 0;
    if (offset >= sql.length) break;
    const token = tokenAt(sql, offset);
    tokens.push(token);
    offset += token.text.length;
  }
  return tokens;
}

function tokenAt(sql: string, offset: number): SqlToken {
  for (const [type, pattern] of PIECES) {
    pattern.lastIndex = offset;
    const text = pattern.exec(sql)?.[0];
    if (text) return { type, text, offset };
  }
  return { type: 'sign', text: sql[offset] ?? '', offset };
}
