import { describeEngineContract } from '@genfleet/engine/contract';
import { openEmbeddedEngine } from './index.ts';

describeEngineContract('embedded', {
  create: async () => openEmbeddedEngine(),
  settings: {
    model: 'genfleet-demo',
    prompt: 'a red circle on a white background',
    width: 64,
    height: 64,
    steps: 6,
  },
  lacks: { batches: 'on a CPU a batch is no faster, so pictures are drawn one after the other' },
});
