import { randomUUID } from 'node:crypto';
import { afterAll, describe, expect, it } from '@jest/globals';
import { provide } from '../../../tools/provision/components.ts';
import { busEnv } from '../test/broker.ts';
import { dataFolder } from '../test/product.ts';
import { startApi, startWorker } from '../test/services.ts';

const MINUTES_MS = 5 * 60_000;
const SERVICES = [
  ['api', startApi],
  ['worker', startWorker],
] as const;

describe('a service that cannot start', () => {
  const folder = dataFolder();
  afterAll(() => folder.remove());
  /** `startProcess` fails with the exit code and all that was written. */
  const oneLine = (service: string, what: string) =>
    new RegExp(`ended with 1:\\ngenfleet ${service} could not start: ${what}[^\\n]*\\n?$`);

  it.each(SERVICES)(
    '%s names what is wrong with its environment',
    async (service, start) => {
      const fault = 'invalid_configuration: The environment is not valid:\\n +BUS_URL="kafka://b": ';
      await expect(start({ BUS_URL: 'kafka://b' })).rejects.toThrow(oneLine(service, fault));
    },
    MINUTES_MS,
  );

  it.each(SERVICES)(
    '%s names an address that is none',
    async (service, start) => {
      const env = { DATA_DIR: folder.path, BUS_URL: 'pulsar+ws://host:port:8080' };
      await expect(start(env)).rejects.toThrow(oneLine(service, 'invalid_configuration: '));
    },
    MINUTES_MS,
  );
});

const pulsar = await provide('pulsar');
describe('a service on a Pulsar that was not set up', () => {
  if ('missing' in pulsar) {
    it.skip(`names genfleet setup (needs Pulsar: ${pulsar.missing})`, () => undefined);
    return;
  }
  const folder = dataFolder();
  afterAll(() => folder.remove());

  it.each(SERVICES)(
    '%s names genfleet setup',
    async (service, start) => {
      const env = { ...busEnv(pulsar, 'ws', `none-${randomUUID()}/images`), DATA_DIR: folder.path };
      const fault = `genfleet ${service} could not start: topic_not_found: [^\\n]*"genfleet setup" creates[^\\n]*`;
      await expect(start(env)).rejects.toThrow(new RegExp(`ended with 1:\\n${fault}\\n?$`));
    },
    MINUTES_MS,
  );
});
