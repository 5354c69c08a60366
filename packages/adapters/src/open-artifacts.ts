import type { ArtifactStore } from '@genfleet/artifacts';
import type { Config } from '@genfleet/config';

/** The store that `ARTIFACTS_URL` names. @throws GenfleetError `artifacts_failed` when it can't be used. */
export async function openArtifacts(config: Config): Promise<ArtifactStore> {
  const url = config.ARTIFACTS_URL;
  if (url.startsWith('file:')) {
    return (await import('@genfleet/artifacts-file')).openFileStore({ directory: url.slice('file:'.length) });
  }
  const { hostname, pathname } = new URL(url);
  const { S3_ENDPOINT, S3_PUBLIC_ENDPOINT, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = config;
  return (await import('@genfleet/artifacts-s3')).openS3Store({
    bucket: hostname,
    prefix: pathname.replace(/^\/|\/$/g, ''),
    region: config.S3_REGION,
    forcePathStyle: config.S3_FORCE_PATH_STYLE,
    ...(S3_ENDPOINT === undefined ? {} : { endpoint: S3_ENDPOINT }),
    ...(S3_PUBLIC_ENDPOINT === undefined ? {} : { publicEndpoint: S3_PUBLIC_ENDPOINT }),
    ...(AWS_ACCESS_KEY_ID === undefined || AWS_SECRET_ACCESS_KEY === undefined
      ? {}
      : { credentials: { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY } }),
  });
}
