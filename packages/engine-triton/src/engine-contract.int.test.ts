import { describeTextEngineContract } from '@genfleet/engine/contract';
import { it } from '@jest/globals';
import { provide } from '../../../tools/provision/components.ts';
import { spec } from '../test/specs.ts';
import { openTritonEngine } from './index.ts';

const triton = await provide('triton');
const CHAT = '{% for m in messages %}# {{ m.role }}: {{ m.content }}\n{% endfor %}def ';
const LACKS = {
  logprobs: 'the layouts have no tensor for alternatives to a token',
  suffix: 'the demo model looks four tokens back and sees no suffix; that one arrives is tested by itself',
};

if ('missing' in triton) {
  it.skip(`text engine contract: triton (${triton.missing})`, () => undefined);
} else {
  const { url } = triton;
  const penalties = ['seed', 'presence_penalty', 'frequency_penalty'] as const;

  describeTextEngineContract('triton, text in and out, a stream', {
    create: () =>
      openTritonEngine({
        url,
        models: [spec('demo_text', { layout: 'text' }, { chat_template: CHAT, features: [...penalties] })],
      }),
    model: 'demo_text',
    prompt: 'def load(self',
    lacks: { ...LACKS, token_prompts: 'text goes in; ids would be tokenized anew' },
  });

  describeTextEngineContract('triton, token ids in and out, one answer', {
    create: () =>
      openTritonEngine({
        url,
        models: [spec('demo_tokens', { layout: 'tokens', end_id: 0 }, { chat_template: CHAT })],
      }),
    model: 'demo_tokens',
    prompt: 'def load(self',
    lacks: LACKS,
  });
}
