export { openS3Objects } from './s3-objects.ts';
export { openS3Store, type S3StoreOptions } from './s3-store.ts';
