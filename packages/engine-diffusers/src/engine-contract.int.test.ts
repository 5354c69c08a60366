import { describeEngineContract } from '@genfleet/engine/contract';
import { afterAll, beforeAll, it } from '@jest/globals';
import {
  type ModelContainer,
  providePython,
  startModelContainer,
} from '../../../tools/provision/model-container.ts';
import { openDiffusersEngine } from './index.ts';

const MINUTES_MS = 15 * 60_000;
const python = await providePython();

if (typeof python !== 'string') {
  it.skip(`engine contract: diffusers (${python.missing})`, () => undefined);
} else {
  let container: ModelContainer;

  beforeAll(async () => {
    container = await startModelContainer(python);
  }, MINUTES_MS);
  afterAll(() => container?.destroy());

  describeEngineContract('diffusers', {
    create: async () => openDiffusersEngine({ url: container.url }),
    settings: { model: 'tiny', prompt: 'a red circle above a blue square', width: 64, height: 64, steps: 5 },
  });
}
