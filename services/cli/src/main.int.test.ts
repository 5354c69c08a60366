import { spawnSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';

const MAIN = new URL('./main.ts', import.meta.url).pathname;

describe('the process of genfleet', () => {
  it('ends without a word when nobody reads on, and not as if it were done', () => {
    const script = 'set -o pipefail; "$0" --disable-warning=ExperimentalWarning "$1" help | true';
    const { status, stderr } = spawnSync('bash', ['-c', script, process.execPath, MAIN], {
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 141, stderr: '' });
  });
});
