import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { dataFolder, type Product, startProduct } from '../test/product.ts';

/** Every curl command of the README, as it stands there, against what `npm start` starts. */

const run = promisify(execFile);
const readme = await readFile(new URL('../../../README.md', import.meta.url), 'utf8');
const blocks = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => String(block));
const commands = blocks.filter((block) => block.includes('curl'));
const hasCurl = await run('curl', ['--version']).then(
  () => true,
  () => false,
);

const START_MS = 200_000;
let product: Product;
const folder = dataFolder();

beforeAll(async () => {
  product = await startProduct(folder.path);
}, START_MS);
afterAll(async () => {
  await product?.end('SIGTERM');
  folder.remove();
});

describe('the README', () => {
  it('has commands', () => expect(commands.length).toBeGreaterThan(1));

  (hasCurl ? it : it.skip).each(commands)(`${hasCurl ? '' : '(needs curl) '}%s`, async (command) => {
    const here = command
      .replaceAll('http://127.0.0.1:8000', product.url)
      .replaceAll('curl ', 'curl -sS --fail ');
    const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', here], { timeout: 60_000 });
    const isStream = command.includes('"stream": true');
    expect(stdout).toContain(isStream ? 'data: [DONE]' : '"id":');
  });
});
