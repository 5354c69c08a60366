import { PLANS, SCENARIOS } from '../shapes.ts';
import { EXIT, runLoad } from './run-load.ts';
import { readLoadWords } from './words.ts';

const USAGE = `npm run load -- SCENARIO [--duration 30s|5m|1h] [--rate PER_SECOND] [--vus CLIENTS] [--smoke] [--fleet]
             [--threshold METRIC:EXPRESSION …] [--reports FOLDER]

${SCENARIOS.map((name) => `  ${name.padEnd(11)} ${PLANS[name].about}`).join('\n')}

  Runs against BASE_URL, or without it against a product that it starts. docs/operations/load-tests.md has the rest.`;

const complain = (line: string) => void process.stderr.write(`${line}\n`);
const words = readLoadWords(process.argv.slice(2));

if (process.argv.length < 3 || process.argv.includes('--help')) {
  process.stdout.write(`${USAGE}\n`);
  process.exitCode = process.argv.includes('--help') ? EXIT.held : EXIT.misunderstood;
} else if (typeof words === 'string') {
  complain(`load: ${words}`);
  process.exitCode = EXIT.misunderstood;
} else {
  const say = (line: string) => void process.stdout.write(`${line}\n`);
  const interrupted = interruptions();
  process.exitCode = await runLoad(words, {
    env: process.env,
    interrupted,
    now: Date.now,
    say,
    complain,
  }).catch((error: Error) => {
    // what was being started heard the Ctrl-C as well
    const isInterrupted = interrupted[0].aborted;
    complain(isInterrupted ? 'interrupted: nothing was measured' : `load: ${error.message}`);
    return isInterrupted ? EXIT.interrupted : EXIT.failed;
  });
}

/** Aborted by the first Ctrl-C or SIGTERM, and by the second. */
function interruptions(): readonly [AbortSignal, AbortSignal] {
  const [first, second] = [new AbortController(), new AbortController()];
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => (first.signal.aborted ? second : first).abort());
  }
  return [first.signal, second.signal];
}
