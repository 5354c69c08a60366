export { createTable, entryShape, literal, quoted, rowsOf } from './ddl.ts';
export { entryOf, type MessageEntry } from './entry.ts';
