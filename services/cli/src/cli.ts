import type { Bus } from '@genfleet/bus';
import type { Config } from '@genfleet/config';
import { GenfleetError } from '@genfleet/job';
import { setUp } from './set-up.ts';

/** What the commands need of the process, so that tests can stand in for it. */
export interface CliContext {
  loadConfig(): Config;
  openBus(config: Config): Promise<Bus>;
  say(line: string): void;
  complain(line: string): void;
}

const USAGE = `genfleet: administration of a Genfleet

  genfleet setup [--wait SECONDS]
      Creates on the bus that BUS_URL names what Genfleet needs: on Pulsar the tenant, the namespace, its
      retention, topics and subscriptions. Does nothing to what is there, so it may run at every deployment.
      Waits for the bus to answer, 60 seconds unless told otherwise.
  genfleet help`;

const DEFAULT_WAIT_SECONDS = 60;
const EXIT = { done: 0, failed: 1, usage: 2 } as const;

/** Seconds after `--wait`; undefined for words that nobody understands. */
function waitSeconds(words: readonly string[]): number | undefined {
  const [option, seconds, ...rest] = words;
  if (option === undefined) return DEFAULT_WAIT_SECONDS;
  return option === '--wait' && rest.length === 0 && /^\d{1,5}$/.test(seconds ?? '')
    ? Number(seconds)
    : undefined;
}

/** @returns the exit code: 0 done, 1 failed, 2 not understood. Never throws. */
export async function runCli(words: readonly string[], context: CliContext): Promise<number> {
  const [command, ...rest] = words;
  if (command === 'help' || command === '--help') {
    context.say(USAGE);
    return EXIT.done;
  }
  const seconds = command === 'setup' ? waitSeconds(rest) : undefined;
  if (seconds === undefined) {
    context.complain(USAGE);
    return EXIT.usage;
  }
  try {
    const config = context.loadConfig();
    await setUp(() => context.openBus(config), config, seconds * 1_000, context.say);
    return EXIT.done;
  } catch (thrown) {
    const error = GenfleetError.from(thrown, 'internal');
    context.complain(`${error.code}: ${error.message}`);
    return EXIT.failed;
  }
}
