export { openFileObjects } from './file-objects.ts';
export { openFileStore } from './file-store.ts';
