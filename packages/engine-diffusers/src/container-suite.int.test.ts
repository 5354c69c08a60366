import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { providePython } from '../../../tools/provision/model-container.ts';
import { run } from '../../../tools/provision/script.ts';

const SERVICE = join(import.meta.dirname, '../../../services/model-diffusers');
const MINUTES_MS = 20 * 60_000;
const python = await providePython();

/** The container is written in Python and has tests of its own; they are part of ours. */
if (typeof python !== 'string') {
  it.skip(`services/model-diffusers passes its own tests (${python.missing})`, () => undefined);
} else {
  it.each([
    ['tests', ['-m', 'pytest', SERVICE]],
    ['lint', ['-m', 'ruff', 'check', SERVICE]],
    ['format', ['-m', 'ruff', 'format', '--check', SERVICE]],
  ])(
    'services/model-diffusers passes its own %s',
    async (_, args) => {
      const { code, output, errors } = await run(python, args, { OMP_NUM_THREADS: '1' });
      for (const [skipped] of output.matchAll(/^SKIPPED .*$/gm)) process.stderr.write(`${skipped}\n`);
      if (code !== 0) throw new Error(`${output.slice(-8_000)}\n${errors}`);
      expect(code).toBe(0);
    },
    MINUTES_MS,
  );
}
