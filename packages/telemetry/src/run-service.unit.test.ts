import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { GenfleetError } from '@genfleet/job';
import { describe, expect, it } from '@jest/globals';
import { explainStart, mendable } from './run-service.ts';

const MODULE = new URL('./run-service.ts', import.meta.url).href;

/** A service that is told to end by itself once, or twice, right after its start. */
function serve(stop: string, signals: number) {
  const script = `
    const { runService } = await import(${JSON.stringify(MODULE)});
    await runService('it', async () => { console.log('up'); return ${stop}; });
    for (let i = 0; i < ${signals}; i += 1) process.kill(process.pid, 'SIGTERM');
    setTimeout(() => process.exit(9), 20_000);`;
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', script];
  return spawnSync(process.execPath, args, { encoding: 'utf8' });
}

describe('runService', () => {
  it('stops in order and ends with 0', () => {
    const ended = serve('async (signal) => console.log(signal)', 1);
    expect(ended).toMatchObject({ status: 0, stdout: 'up\nSIGTERM\n', stderr: '' });
  });

  it('ends at once when it is told twice', () => {
    const ended = serve('() => new Promise((done) => setTimeout(done, 15_000))', 2);
    expect(ended).toMatchObject({ status: 1, stdout: 'up\n' });
  });

  it('says in one line what a person can mend, and shows the stack of what is our fault', async () => {
    const missing = new GenfleetError('topic_not_found', 'no topics; "genfleet setup" creates them');
    expect(explainStart('api', missing)).toBe(
      'genfleet api could not start: topic_not_found: no topics; "genfleet setup" creates them',
    );
    const first = createServer().listen(0, '127.0.0.1');
    await once(first, 'listening');
    const second = createServer().listen((first.address() as AddressInfo).port, '127.0.0.1');
    const [taken] = await once(second, 'error').catch((error: unknown) => [error]);
    first.close();
    expect(explainStart('api', taken)).toMatch(
      /^genfleet api could not start: listen EADDRINUSE.*\d: .*another port.*$/,
    );
    expect(explainStart('api', new TypeError('oops'))).toMatch(/oops[\s\S]*run-service\.unit\.test/);
    const noFolder = await mkdir('/dev/null/data').catch((error: unknown) => error);
    expect(mendable(noFolder)).toMatch(/^E[A-Z]+: .*'\/dev\/null\/data': no folder can be made there$/);
    expect(mendable(new TypeError('oops'))).toBeUndefined();
    expect(explainStart('api', 'text')).toBe('genfleet api could not start: text');
  });
});
