import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Missing } from './addresses.ts';
import { freePorts } from './free-port.ts';
import { unwanted, watchOwn, whatIsMissing } from './own-instance.ts';
import { run, runScript } from './script.ts';

/**
 * Starts a Toxiproxy that nobody else uses, and nobody else may take for hung and start again. `GENFLEET_WITHOUT=toxiproxy`
 * goes without. @returns `{ missing }` with the reason, which was printed. @throws Error instead when `CI=true`.
 */
export async function startOwnToxiproxy(): Promise<
  { readonly apiUrl: string; destroy(): Promise<void> } | Missing
> {
  const without = unwanted('toxiproxy');
  if (without) return without;
  const directory = mkdtempSync(join(tmpdir(), 'genfleet-toxiproxy-'));
  watchOwn('toxiproxy', directory);
  const [port] = await freePorts(1);
  const env = { DIR: directory, PORT: String(port) };
  const starting = runScript('toxiproxy', ['start'], env).then(() => undefined);
  const missing = await starting.catch((thrown: unknown) => whatIsMissing('Toxiproxy', thrown));
  if (missing) return missing;
  return {
    apiUrl: `http://127.0.0.1:${port}`,
    async destroy() {
      await runScript('toxiproxy', ['stop'], env);
      await run('rm', ['-rf', directory]);
    },
  };
}
