import type { Config } from '@genfleet/config';
import { GenfleetError } from '@genfleet/job';
import { setUp } from './set-up.ts';
import { type SqlContext, sql } from './sql.ts';
import { readSqlWords } from './sql-words.ts';
import { type VerifyContext, verify } from './verify.ts';
import { readVerifyWords } from './verify-words.ts';

/** What the commands need of the process, so that tests can stand in for it. */
export interface CliContext extends VerifyContext, SqlContext {
  loadConfig(): Config;
}

const USAGE = `genfleet: administration of a Genfleet

  genfleet setup [--wait SECONDS]
      Creates on the bus that BUS_URL names what Genfleet needs: on Pulsar the tenant, the namespace, its
      retention, topics and subscriptions. Does nothing to what is there, so it may run at every deployment.
      Waits for the bus to answer, 60 seconds unless told otherwise.
  genfleet verify [--receipts FILE | --from TIME --to TIME] [--kind KIND] [--artifacts=check|skip] [--json]
      Replays the topics and holds them against the receipts in a file (one JSON object to a line, as the API
      gives them), or checks all jobs requested from one time up to another; without either, all jobs. Ends with 0
      when all is well, with 1 when something is wrong and was named, with 2 when it was not understood.
  genfleet sql QUERY | sql --named NAME [--since TIME] [--job ID] [--json|--csv] [--max-rows N] [--timeout SECONDS]
      Asks the ledger, which is every event of every job, in SQL; QUERY is - to read it from standard input.
      docs/ledger.md has the tables and the named queries. At most 1000 rows and 120 seconds unless told otherwise.
  genfleet help | genfleet COMMAND --help
      Prints this. Where each command looks is in its environment: docs/configuration.md.`;

const DEFAULT_WAIT_SECONDS = 60;
const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

type Command = (words: readonly string[], context: CliContext) => Promise<number>;

const COMMANDS: Readonly<Record<string, Command>> = {
  setup: runSetUp,
  verify: runVerify,
  sql: runSql,
  help: explain,
  '--help': explain,
  '-h': explain,
};

/** Whether help is asked for; what comes after `--` is meant as it stands. */
function wantsHelp(words: readonly string[]): boolean {
  const options = words.includes('--') ? words.slice(0, words.indexOf('--')) : words;
  return options.includes('--help') || options.includes('-h');
}

async function explain(_words: readonly string[], context: CliContext): Promise<number> {
  context.say(USAGE);
  return EXIT.done;
}

async function runSetUp(words: readonly string[], context: CliContext): Promise<number> {
  const seconds = waitSeconds(words);
  if (seconds === undefined) return misunderstood(context);
  const config = context.loadConfig();
  await setUp(() => context.openBus(config), config, seconds * 1_000, context.say);
  return EXIT.done;
}

async function runVerify(words: readonly string[], context: CliContext): Promise<number> {
  const asked = readVerifyWords(words);
  if (typeof asked === 'string') return misunderstood(context, asked);
  const isWell = await verify(asked, context.loadConfig(), context);
  if (isWell === undefined) return EXIT.interrupted;
  return isWell ? EXIT.done : EXIT.failed;
}

async function runSql(words: readonly string[], context: CliContext): Promise<number> {
  const asked = readSqlWords(words);
  if (typeof asked === 'string') return misunderstood(context, asked);
  const isAnswered = await sql(asked, context.loadConfig(), context);
  return isAnswered ? EXIT.done : EXIT.interrupted;
}

/** Seconds after `--wait`; undefined for words that nobody understands. */
function waitSeconds(words: readonly string[]): number | undefined {
  const [option, seconds, ...rest] = words;
  if (option === undefined) return DEFAULT_WAIT_SECONDS;
  return option === '--wait' && rest.length === 0 && /^\d{1,5}$/.test(seconds ?? '')
    ? Number(seconds)
    : undefined;
}

function misunderstood(context: CliContext, why?: string): number {
  context.complain(why === undefined ? USAGE : `${why}\n\n${USAGE}`);
  return EXIT.usage;
}

/** @returns the exit code: 0 done, 1 failed, 2 not understood, 130 interrupted. Never throws. */
export async function runCli(words: readonly string[], context: CliContext): Promise<number> {
  const [name = '', ...rest] = words;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) return misunderstood(context, name === '' ? undefined : `there is no command ${name}`);
  try {
    return await (wantsHelp(rest) ? explain(rest, context) : command(rest, context));
  } catch (thrown) {
    const error = GenfleetError.from(thrown, 'internal');
    context.complain(`${error.code}: ${error.message}`);
    // a file that was named and is none, or holds something else
    const isOfWords = error.code === 'not_found' || error.code === 'invalid_message';
    return isOfWords ? EXIT.usage : EXIT.failed;
  }
}
