import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { provideTritonPython } from '../../../tools/provision/components.ts';
import { run } from '../../../tools/provision/script.ts';

const ROOT = join(import.meta.dirname, '../../..');
const MINUTES_MS = 10 * 60_000;

const python = await provideTritonPython();

/** The models in Triton are written in Python and have tests of their own; they are part of ours. */
if (typeof python !== 'string') {
  it.skip(`services/model-triton passes its own tests (${python.missing})`, () => undefined);
} else {
  const config = ['--config', join(ROOT, 'services/model-triton/pyproject.toml')];
  it.each([
    ['services/model-triton', 'tests', ['-m', 'unittest', 'discover', '-s', 'tests', '-t', '.']],
    ['services/model-triton', 'lint', ['-m', 'ruff', 'check', '.']],
    ['services/model-triton', 'format', ['-m', 'ruff', 'format', '--check', '.']],
    ['packages/engine-triton', 'lint', ['-m', 'ruff', 'check', ...config, '.']],
    ['packages/engine-triton', 'format', ['-m', 'ruff', 'format', '--check', ...config, '.']],
  ])(
    '%s passes its own %s',
    async (folder, _, args) => {
      const inFolder = ['-c', 'cd "$1" && shift && exec "$@"', 'in', join(ROOT, folder), python, ...args];
      const { code, output, errors } = await run('bash', inFolder, {
        PYTHONDONTWRITEBYTECODE: '1',
        RUFF_NO_CACHE: 'true',
      });
      if (code !== 0) throw new Error(`${output.slice(-8_000)}\n${errors}`);
      expect(code).toBe(0);
    },
    MINUTES_MS,
  );
}
