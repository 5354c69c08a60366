export { followAnnouncements, type KnownModel, ModelCatalogue } from './catalogue.ts';
export { type FollowOptions, follow } from './follow.ts';
