import { describeTextEngineContract } from '@genfleet/engine/contract';
import { modelSpecSchema } from '@genfleet/models';
import { afterAll } from '@jest/globals';
import { MockOpenAi } from '../../../tools/mock-openai/server.ts';
import { openOpenAiEngine } from './index.ts';

const mock = new MockOpenAi({ models: ['upstream-name'], tokens: 1_000, chunks: 1_000, delayMs: 1 });
afterAll(() => mock.close());

const spec = modelSpecSchema.parse({
  name: 'coder',
  engine: 'openai',
  context_tokens: 4_096,
  fim: { template: '<before>{prefix}<after>{suffix}<between>' },
  features: ['echo', 'chat'],
  options: { model: 'upstream-name' },
});

describeTextEngineContract('openai, against a mock', {
  create: async () => openOpenAiEngine({ url: `openai+${await mock.listen()}`, models: [spec] }),
  model: 'coder',
  prompt: 'def total(numbers):',
});
