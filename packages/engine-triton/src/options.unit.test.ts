import { join } from 'node:path';
import { readModelsFile } from '@genfleet/models';
import { describe, expect, it } from '@jest/globals';
import { spec } from '../test/specs.ts';
import { openTritonEngine } from './index.ts';
import { tritonModels } from './options.ts';

const SERVICE = join(import.meta.dirname, '../../../services/model-triton');

describe('options of a model', () => {
  it('are filled in with the names that the backends have', () => {
    const [text, tokens] = tritonModels([
      spec('a', { layout: 'text', inputs: { seed: 'seed' } }),
      spec('b', { layout: 'tokens', end_id: 50_256 }),
    ]);
    expect(text?.options).toMatchObject({
      layout: 'text',
      inputs: { text: 'text_input', sampling_parameters: 'sampling_parameters', seed: 'seed' },
      outputs: { text: 'text_output' },
    });
    expect(tokens?.options).toMatchObject({
      inputs: { ids: 'input_ids', max_tokens: 'request_output_len', top_p: 'runtime_top_p' },
      outputs: { ids: 'output_ids', lengths: 'sequence_length' },
    });
  });

  it.each<[Parameters<typeof spec>, string]>([
    [['m', {}], 'm.options.layout'],
    [['m', { layout: 'pictures' }], 'm.options.layout'],
    [['m', { layout: 'tokens' }], 'm.options.end_id'],
    [['m', { layout: 'text', inputs: { colour: 'x' } }], 'colour'],
    [['m', { layout: 'text', inputs: { text: 7 } }], 'm.options.inputs.text'],
    [['m', { layout: 'text', answers: 'sometimes' }], 'm.options.answers'],
    [['m', { layout: 'text', triton_version: 'newest' }], 'm.options.triton_version'],
    [['m', { layout: 'text' }, { features: ['logprobs'] }], 'm.features: logprobs'],
  ])('%j are refused by their path', (given, path) => {
    expect(() => tritonModels([spec('fine', { layout: 'text' }), spec(...given)])).toThrow(
      expect.objectContaining({ code: 'invalid_configuration', message: expect.stringContaining(path) }),
    );
  });

  it('are refused all at once', () => {
    const { tokenizer: _, ...bare } = spec('b', { layout: 'text' });
    expect(() => tritonModels([spec('a', {}), bare])).toThrow(/a\.options\.layout(.|\n)*b\.tokenizer/);
  });

  it('of the files that are shipped are in order', async () => {
    const names = ['models.json', 'models.examples.json'];
    const files = await Promise.all(names.map((name) => readModelsFile(join(SERVICE, name))));
    const models = tritonModels(files.flat());
    expect(models.map(({ spec: { name }, options }) => [name, options.layout])).toEqual([
      ['demo_text', 'text'],
      ['demo_tokens', 'tokens'],
      ['codegen-350M-mono', 'tokens'],
      ['qwen2.5-coder-7b', 'text'],
      ['codellama-7b', 'text'],
    ]);
  });
});

describe('an address', () => {
  it.each(['http://host:8001', 'triton://', 'triton://host/path', 'triton://me:secret@host', 'nowhere', ''])(
    '%s is refused',
    async (url) => {
      await expect(openTritonEngine({ url, models: [] })).rejects.toMatchObject({
        code: 'invalid_configuration',
      });
    },
  );
});
