export {
  belongsTo,
  type CutLimits,
  DEFAULT_LIMITS,
  dueMs,
  type Extent,
  extended,
  HOUR_MS,
  isFull,
} from './cut.ts';
export { fileKey, hoursBefore, recordKey } from './layout.ts';
export { type Segment, segmentOf } from './segment.ts';
export type { ArchivedMessage, Draft, SegmentWriter } from './segment-writer.ts';
export { type FileState, notWhole, type ReadableEnd, TopicArchive } from './topic-archive.ts';
export { makeFolders, trinoTables } from './trino-tables.ts';
export { archivedValue } from './without-prompts.ts';
