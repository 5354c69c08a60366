import { describeTextEngineContract } from '@genfleet/engine/contract';
import { it } from '@jest/globals';
import { provide } from '../../../tools/provision/components.ts';
import { openOpenAiEngine } from './index.ts';

const llama = await provide('llama');

if ('missing' in llama) {
  it.skip(`text engine contract: openai, against llama.cpp (${llama.missing})`, () => undefined);
} else {
  describeTextEngineContract('openai, against llama.cpp', {
    create: () => openOpenAiEngine({ url: `openai+${llama.url}` }),
    model: 'tiny',
    prompt: 'def total(numbers):',
    lacks: {
      suffix: 'llama.cpp takes a suffix at its own route only; this model was not trained for it either',
      echo: 'llama.cpp takes the field and does nothing',
    },
  });
}
