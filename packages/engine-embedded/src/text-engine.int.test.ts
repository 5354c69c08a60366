import { describeTextEngineContract } from '@genfleet/engine/contract';
import { openEmbeddedEngine } from './index.ts';

describeTextEngineContract('embedded', {
  create: async () => openEmbeddedEngine(),
  model: 'genfleet-demo-code',
  prompt: 'import os\nimport sys\n\n\nclass Stack:\n    """A stack of items."""\n\n    def __init__(self):\n',
  lacks: { chat: 'a model this small can only go on with code' },
});
