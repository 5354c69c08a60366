import { randomUUID } from 'node:crypto';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { provide } from '../../../tools/provision/components.ts';
import {
  hasDemoModel,
  type ModelContainer,
  providePython,
  startModelContainer,
} from '../../../tools/provision/model-container.ts';
import { busEnv, protocols } from '../test/broker.ts';
import { describeFleet } from '../test/fleet-suite.ts';
import { dataFolder } from '../test/product.ts';
import { bucketEnv } from '../test/store.ts';

const MINUTES_MS = 15 * 60_000;

const [pulsar, s3] = await Promise.all([provide('pulsar'), provide('s3')]);

if ('missing' in pulsar || 'missing' in s3) {
  const missing = [pulsar, s3].flatMap((part) => ('missing' in part ? [part.missing] : []));
  describe('a fleet of real parts', () => it.skip(`runs (needs ${missing.join('; ')})`, () => undefined));
} else {
  const python = await providePython();
  const lacking =
    typeof python !== 'string' ? python.missing : hasDemoModel() ? undefined : 'no demo model is here';
  const spoken = await protocols();
  const folders: ReturnType<typeof dataFolder>[] = [];
  afterAll(() => {
    for (const folder of folders) folder.remove();
  });

  /** A namespace, a bucket and a folder that nobody else uses. */
  const partsEnv = async (protocol: 'native' | 'ws') => {
    const folder = dataFolder();
    folders.push(folder);
    const namespace = `fleet-${randomUUID().slice(0, 8)}/images`;
    return { ...busEnv(pulsar, protocol, namespace), ...(await bucketEnv(s3)), DATA_DIR: folder.path };
  };

  if (typeof python !== 'string' || lacking !== undefined) {
    describe('a fleet with the Diffusers container', () => {
      it.skip(`runs (needs ${lacking})`, () => undefined);
    });
  } else {
    describe('with the Diffusers container', () => {
      let container: ModelContainer;
      beforeAll(async () => {
        container = await startModelContainer(python);
      }, MINUTES_MS);
      afterAll(() => container?.destroy());

      for (const protocol of spoken) {
        describeFleet(`on Pulsar by ${protocol}, S3 and Diffusers`, {
          workers: 1,
          env: async () => ({ ...(await partsEnv(protocol)), ENGINE_URL: container.url }),
          addModel: (name) => {
            const folder = join(container.modelsDir, name);
            symlinkSync(join(container.modelsDir, 'tiny'), folder);
          },
        });
      }
    });
  }

  describeFleet('on Pulsar, S3 and two workers with the embedded engine', {
    workers: 2,
    env: () => partsEnv('ws'),
  });
}
