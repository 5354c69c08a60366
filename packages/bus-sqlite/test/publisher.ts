import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface Said {
  readonly number?: number;
  readonly messageId?: string;
  readonly code?: string;
  readonly message?: string;
}

/** `stubborn-publisher.ts` in a process of its own. */
export function startPublisher(file: string, topic: string, liveTopic?: string) {
  const script = fileURLToPath(new URL('./stubborn-publisher.ts', import.meta.url));
  const words = [
    '--disable-warning=ExperimentalWarning',
    script,
    file,
    topic,
    ...(liveTopic ? [liveTopic] : []),
  ];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const said: Said[] = [];
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    // the last line of a killed process may be cut off; then it was not said
    if (line.endsWith('}')) said.push(JSON.parse(line) as Said);
  });
  const gone = Promise.all([once(child, 'close'), once(lines, 'close')]);
  return {
    said,
    pid: child.pid ?? 0,
    acknowledged: () => said.filter((line) => line.messageId !== undefined),
    errors: () => said.filter((line) => line.code !== undefined),
    async kill() {
      child.kill('SIGKILL');
      await gone;
    },
  };
}
