export { followAnnouncements, type KnownModel, ModelCatalogue } from './catalogue.ts';
export { follow } from './follow.ts';
