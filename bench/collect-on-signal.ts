/** `node --import ./bench/collect-on-signal.ts …`: SIGUSR2 collects all garbage, so that what stays is what somebody holds. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  process.on('SIGUSR2', () => {
    // what the first one finalizes, the second one frees
    collect();
    collect();
  });
}
