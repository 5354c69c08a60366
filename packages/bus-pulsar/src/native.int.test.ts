import { spawnSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';

/** What happens where the addon was not built: the package is there and does not load. */
const WITHOUT_ADDON = `
  import { registerHooks } from 'node:module';
  registerHooks({
    resolve(name, context, next) {
      if (name === 'pulsar-client') throw new Error('no pulsar.node');
      return next(name, context);
    },
  });`;
const OPEN = `
  const { openPulsarBus } = await import(process.argv[1]);
  await openPulsarBus({ url: 'pulsar://127.0.0.1:9/t/n' }).then(
    () => console.log('opened'),
    ({ code, retryable, message }) => console.log(JSON.stringify({ code, retryable, message })),
  );`;

describe('without the native client', () => {
  it('imports, and says what is missing and what would do instead once it is opened', () => {
    const ended = spawnSync(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        '--import',
        `data:text/javascript,${encodeURIComponent(WITHOUT_ADDON)}`,
        '--input-type=module',
        '--eval',
        OPEN,
        new URL('./index.ts', import.meta.url).href,
      ],
      { encoding: 'utf8' },
    );
    expect(ended.stderr).toBe('');
    expect(JSON.parse(ended.stdout)).toMatchObject({
      code: 'dependency_missing',
      retryable: false,
      message: expect.stringMatching(/pulsar-client\.sh.*pulsar\+ws:/),
    });
  });
});
