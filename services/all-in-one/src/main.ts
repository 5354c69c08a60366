import { type Config, loadConfig } from '@genfleet/config';
import { GenfleetError } from '@genfleet/job';
import { mendable } from '@genfleet/telemetry';
import { startFleet } from './fleet.ts';

/**
 * `npm start`: api and worker in one process over whatever the URLs in the environment name, by default one
 * file of state. Ctrl-C hands a running job back at once; a second one ends the process there and then.
 */
const INTERRUPTED = 130;

/** A person at a terminal wants the address, not a line of JSON for each job, unless they asked for it. */
function quietOnTerminal(config: Config): Config {
  return process.stdout.isTTY && config.LOG_LEVEL === 'info' ? { ...config, LOG_LEVEL: 'warn' } : config;
}

try {
  const fleet = await startFleet(quietOnTerminal(loadConfig()));
  process.stderr.write(
    `\n  Genfleet is ready: ${fleet.url}\n  Stop with Ctrl-C; jobs under way go on at the next start.\n\n`,
  );
  let signals = 0;
  const stop = (signal: NodeJS.Signals) => {
    signals += 1;
    if (signals > 1) process.exit(INTERRUPTED);
    process.stderr.write('\n  Stopping…\n');
    void fleet.stop(signal === 'SIGINT' ? 'now' : 'drain').then(() => process.exit(0));
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
} catch (error) {
  const fault = error instanceof GenfleetError ? error.message : mendable(error);
  process.stderr.write(`\n  Genfleet could not start: ${fault ?? 'this is a fault of its own'}\n\n`);
  if (fault === undefined) console.error(error);
  process.exit(1);
}
