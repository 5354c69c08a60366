import { InvalidQuery, positionAt } from './invalid-query.ts';
import { MAX_SQL_CHARS } from './sql-ledger.ts';
import { type SqlToken, sqlTokens } from './tokens.ts';

/** First words of what changes data, settings or the session, in any of the engines. */
const NOT_QUERIES = new Set(
  `insert update delete merge truncate create drop alter comment grant revoke deny refresh copy attach detach use set
   reset pragma call install load export import vacuum checkpoint analyze begin start commit rollback abort prepare
   execute deallocate force`.split(/\s+/),
);

/** One query, without a semicolon behind it; offsets are those of the text that was given. */
export interface Statement {
  readonly sql: string;
  readonly tokens: readonly SqlToken[];
}

/**
 * The one query that the text holds. Engines hold by themselves that nothing is written; here it is said early and in
 * the same words everywhere.
 * @throws InvalidQuery for none, for several, and for what is no query.
 */
export function readStatement(text: string): Statement {
  if (text.length > MAX_SQL_CHARS) {
    throw new InvalidQuery(`A query has at most ${MAX_SQL_CHARS} characters, not ${text.length}.`);
  }
  const tokens = sqlTokens(text);
  while (tokens.at(-1)?.text === ';') tokens.pop();
  const [first] = tokens;
  const last = tokens.at(-1);
  if (!first || !last) throw new InvalidQuery('There is no query in it.');
  const between = tokens.find(({ type, text: sign }) => type === 'sign' && sign === ';');
  if (between) {
    throw new InvalidQuery('One query at a time: there is another behind the semicolon.', {
      ...positionAt(text, between.offset),
    });
  }
  if (first.type === 'word' && NOT_QUERIES.has(first.text.toLowerCase())) {
    throw new InvalidQuery(
      `The ledger is read-only: ${first.text.toUpperCase()} is no query.`,
      positionAt(text, first.offset),
    );
  }
  return { sql: text.slice(0, last.offset + last.text.length), tokens };
}
