import { spawn } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Builds may take minutes on a slow machine; a script that hangs must not hang the tests for ever. */
const SCRIPT_TIMEOUT_MS = 20 * 60_000;
/** What a provisioning script exits with when the machine lacks something. */
const EXIT_MISSING = 3;

export const cacheDirectory = () =>
  process.env['GENFLEET_CACHE'] ??
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'genfleet');

export interface Ended {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/** Runs a command to its end. Never rejects: a command that isn't there ends with 127. */
export function run(
  command: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: SCRIPT_TIMEOUT_MS,
    });
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      errors = (errors + chunk.toString()).slice(-8_000);
    });
    child.once('error', (error) => resolve({ code: 127, output, errors: error.message }));
    // `exit`, not `close`: what the script leaves running may have kept its output open
    child.once('exit', (code) => resolve({ code: code ?? 1, output, errors }));
  });
}

/** The machine lacks what the component needs. */
export class MissingError extends Error {}

/**
 * Runs `tools/provision/<name>.sh <verb>` and returns what it printed.
 * @throws MissingError when the script says what is missing, Error when it failed otherwise.
 */
export async function runScript(name: string, verbs: readonly string[], env: Record<string, string> = {}) {
  const script = join(import.meta.dirname, `${name}.sh`);
  const ended = await run('bash', [script, ...verbs], env);
  if (ended.code === 0) return ended.output.trim();
  const reason = /^missing: (.*)$/m.exec(ended.errors)?.[1];
  if (ended.code === EXIT_MISSING && reason) throw new MissingError(`${name} needs ${reason}`);
  throw new Error(`${name}.sh ${verbs.join(' ')} ended with ${ended.code}:\n${ended.errors}`);
}
