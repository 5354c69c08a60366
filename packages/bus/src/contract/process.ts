import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Topic } from '@genfleet/job';
import type { Subject } from './subject.ts';

export interface Said {
  readonly value?: string;
  readonly messageId?: string;
  readonly held?: number;
  readonly grownBytes?: number;
}

export interface Child {
  /** What it printed so far. */
  readonly said: readonly Said[];
  /** Its error output, to explain a failure. */
  errors(): string;
  /** kill -9; resolves once it is gone and all it printed was read. */
  kill(): Promise<void>;
}

/** Runs `child.ts` in a process of its own; it is killed after the test at the latest. */
export function startChild(
  subject: Subject,
  role: 'publish' | 'hold' | 'stall',
  topic: Topic,
  count: number,
): Child {
  const script = fileURLToPath(new URL('./child.ts', import.meta.url));
  const words = [subject.options.module, subject.under().address, role, topic.name, String(count)];
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: Said[] = [];
  let errors = '';
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    // the last line of a killed process may be cut off; then it was not said
    if (line.endsWith('}')) said.push(JSON.parse(line) as Said);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-4_000);
  });
  const gone = Promise.all([once(child, 'close'), once(lines, 'close')]);
  const kill = async () => {
    child.kill('SIGKILL');
    await gone;
  };
  subject.cleanUp(kill);
  return { said, errors: () => errors, kill };
}
