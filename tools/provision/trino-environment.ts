import type { PulsarAddress } from './addresses.ts';
import { MissingError } from './script.ts';

/** What `trino.sh` has to know of the Pulsar that it reads. @throws MissingError for one that it cannot read. */
export function trinoEnvironment({ url, adminUrl, metadataUrl }: PulsarAddress): Record<string, string> {
  if (metadataUrl === undefined) {
    throw new MissingError('trino needs PULSAR_METADATA_URL (zk:host:port) of this Pulsar, or TRINO_URL');
  }
  return { PULSAR_URL: url, PULSAR_ADMIN_URL: adminUrl, PULSAR_METADATA_URL: metadataUrl };
}
