import { readFileSync } from 'node:fs';
import { modelSpecSchema } from '@genfleet/models';
import { expect, it } from '@jest/globals';
import { configuredModels } from './text-model.ts';

it('takes the models of the README, and its options are those there are', async () => {
  const page = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const { models } = JSON.parse(/```json\n([\s\S]*?)```/.exec(page)?.[1] ?? '');
  const [model] = await configuredModels(models.map((spec: object) => modelSpecSchema.parse(spec)));
  expect(model).toMatchObject({ upstreamName: 'org/coder-7b', maxStops: 16, streamUsage: true });
  expect(model?.info.text?.features).toEqual(expect.arrayContaining(['suffix', 'echo', 'chat']));
  const documented = [...page.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name);
  const source = readFileSync(new URL('./text-model.ts', import.meta.url), 'utf8');
  const schema = /optionsSchema = z.strictObject\(\{([\s\S]*?)\n\}\)/.exec(source)?.[1] ?? '';
  expect(documented.sort()).toEqual([...schema.matchAll(/^ {2}(\w+):/gm)].map(([, name]) => name).sort());
});
