export { createTable, entriesIn, entryShape, literal, quoted, rowsOf } from './ddl.ts';
export { entryOf, type MessageEntry } from './entry.ts';
