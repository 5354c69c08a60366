import type { ArtifactStore, ObjectStore } from '@genfleet/artifacts';
import type { S3StoreOptions } from '@genfleet/artifacts-s3';
import type { Config } from '@genfleet/config';

/**
 * The store that `ARTIFACTS_URL` names. `nowMs` is what time it is for whoever shares it; Unix ms.
 * @throws GenfleetError `artifacts_failed` when it can't be used.
 */
export async function openArtifacts(config: Config, nowMs: () => number = Date.now): Promise<ArtifactStore> {
  const url = config.ARTIFACTS_URL;
  if (url.startsWith('file:')) {
    return (await import('@genfleet/artifacts-file')).openFileStore({ directory: url.slice('file:'.length) });
  }
  return (await import('@genfleet/artifacts-s3')).openS3Store({ ...s3OptionsOf(url, config), nowMs });
}

/** Where the archive is, which `ARCHIVE_URL` names; otherwise as `openArtifacts`. */
export async function openArchive(config: Config, nowMs: () => number = Date.now): Promise<ObjectStore> {
  const url = config.ARCHIVE_URL;
  if (url.startsWith('file:')) {
    return (await import('@genfleet/artifacts-file')).openFileObjects({
      directory: url.slice('file:'.length),
    });
  }
  return (await import('@genfleet/artifacts-s3')).openS3Objects({ ...s3OptionsOf(url, config), nowMs });
}

function s3OptionsOf(url: string, config: Config): S3StoreOptions {
  const { hostname, pathname } = new URL(url);
  const { S3_ENDPOINT, S3_PUBLIC_ENDPOINT, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = config;
  return {
    bucket: hostname,
    prefix: pathname.replace(/^\/|\/$/g, ''),
    region: config.S3_REGION,
    forcePathStyle: config.S3_FORCE_PATH_STYLE,
    ...(S3_ENDPOINT === undefined ? {} : { endpoint: S3_ENDPOINT }),
    ...(S3_PUBLIC_ENDPOINT === undefined ? {} : { publicEndpoint: S3_PUBLIC_ENDPOINT }),
    ...(AWS_ACCESS_KEY_ID === undefined || AWS_SECRET_ACCESS_KEY === undefined
      ? {}
      : { credentials: { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY } }),
  };
}
