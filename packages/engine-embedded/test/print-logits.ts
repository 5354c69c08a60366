/**
 * Prints, as JSON, what the code model makes of `code-model/reference.json`: the logits after each token, read through
 * the cache in parts of several sizes. A process of its own, because ONNX Runtime does not know the typed arrays of
 * Jest's sandbox.
 */
import { readFile } from 'node:fs/promises';
import { CodeModel } from '../src/code-model.ts';

const folder = new URL('../code-model/', import.meta.url);
const reference = JSON.parse(await readFile(new URL('reference.json', folder), 'utf8'));
const model = await CodeModel.load(folder);
const logits: number[][] = [];
const likeliest: number[] = [];
const cache = model.newCache(reference.ids.length);
for (let from = 0, size = 1; from < reference.ids.length; from += size, size = (size % 7) + 1) {
  for (const row of await model.read(reference.ids.slice(from, from + size), cache)) {
    logits.push([...row.subarray(0, reference.logits[0].length)]);
    likeliest.push(row.indexOf(row.reduce((a, b) => Math.max(a, b))));
  }
}
process.stdout.write(JSON.stringify({ ids: model.tokenizer.encode(reference.text), logits, likeliest }));
