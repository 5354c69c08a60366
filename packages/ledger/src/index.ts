export { openView } from './open-view.ts';
export { openViews, type Views } from './open-views.ts';
export { type Change, COUNT_CAP, type JobFilter, type LocalView, type Page, type View } from './view.ts';
export type { ViewOptions } from './view-options.ts';
