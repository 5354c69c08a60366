import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readModelsFile } from './model-spec.ts';

async function fileWith(value: unknown): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'genfleet-models-')), 'models.json');
  await writeFile(file, typeof value === 'string' ? value : JSON.stringify(value));
  return file;
}

const model = { name: 'codegen', engine: 'triton', context_tokens: 2_048 };

describe('the file of models', () => {
  it('fills in what is left out and finds tokenizers beside it', async () => {
    const file = await fileWith({ models: [{ ...model, tokenizer: 'tok/tokenizer.json' }] });
    const [spec] = await readModelsFile(file);
    expect(spec).toMatchObject({ ...model, aliases: [], stop: [], features: [], options: {} });
    expect(spec?.tokenizer).toBe(file.replace('models.json', 'tok/tokenizer.json'));
  });

  it.each([
    ['{', 'JSON'],
    [{ models: [] }, 'models'],
    [{ models: [{ ...model, context_tokens: 0, engine: 'gpu' }] }, 'models.0.engine'],
    [{ models: [{ ...model, context_tokens: 0, engine: 'gpu' }] }, 'models.0.context_tokens'],
    [{ models: [{ ...model, fim: { template: '{prefix}' } }] }, '{suffix}'],
    [{ models: [{ ...model, colour: 'red' }] }, 'colour'],
    [{ models: [model, { ...model, name: 'other', aliases: ['codegen'] }] }, 'twice: codegen'],
  ])('refuses %j, naming the fault', async (value, fault) => {
    await expect(readModelsFile(await fileWith(value))).rejects.toMatchObject({
      code: 'invalid_configuration',
      message: expect.stringContaining(fault),
    });
  });

  it('names a file that is not there', async () => {
    await expect(readModelsFile('/nowhere/models.json')).rejects.toThrow('/nowhere/models.json');
  });
});
