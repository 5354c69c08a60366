export type { Change, JobFilter, Page, View } from './view.ts';
