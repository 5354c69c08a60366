export type { S3StoreOptions } from './s3-bucket.ts';
export { openS3Objects } from './s3-objects.ts';
export { openS3Store } from './s3-store.ts';
