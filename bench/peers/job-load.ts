import { setTimeout as sleep } from 'node:timers/promises';
import { HttpConnection } from './http-connection.ts';

/** The request that every contender is sent: an engine that takes no time answers it with a grey picture. */
const JOB = JSON.stringify({
  metadata: { grouping: 'bench' },
  generation_settings: { model: 'grey', prompt: 'A dog', width: 64, height: 64, steps: 1, seed: 1 },
});

/** Between two looks at a job that has not ended: seldom where what counts is how much gets done. */
const POLL_MS = { burst: 50, steady: 5 };
const PATIENCE_MS = 120_000;

export interface BurstResult {
  readonly admittedPerSecond: number;
  readonly completedPerSecond: number;
  /** How often a client looked, for each job. */
  readonly pollsPerJob: number;
}

/**
 * All jobs at once: each client posts its share as fast as it is answered, then looks at them in turn until it has
 * seen each completed.
 * @throws Error for any other answer, or when a job takes two minutes.
 */
export async function burst(port: number, clients: number, jobs: number): Promise<BurstResult> {
  const connections = open(port, clients);
  const startMs = performance.now();
  const shares = await Promise.all(
    connections.map(async (connection, client) => {
      const ids: string[] = [];
      for (let job = client; job < jobs; job += clients) ids.push(await post(connection));
      return ids;
    }),
  );
  const admittedMs = performance.now() - startMs;
  const polls = await Promise.all(
    connections.map(async (connection, client) => {
      let looks = 0;
      for (const id of shares[client] ?? []) {
        const more = await untilCompleted(connection, id, POLL_MS.burst);
        looks += more;
      }
      return looks;
    }),
  );
  const completedMs = performance.now() - startMs;
  for (const connection of connections) connection.close();
  return {
    admittedPerSecond: (jobs * 1_000) / admittedMs,
    completedPerSecond: (jobs * 1_000) / completedMs,
    pollsPerJob: polls.reduce((sum, looks) => sum + looks, 0) / jobs,
  };
}

/** Each client posts its next job once it has seen the last completed. @returns times in ms, sorted. */
export async function steady(port: number, clients: number, jobs: number): Promise<readonly number[]> {
  const times: number[] = [];
  let left = jobs;
  const connections = open(port, clients);
  await Promise.all(
    connections.map(async (connection) => {
      while (left > 0) {
        left -= 1;
        const startMs = performance.now();
        await untilCompleted(connection, await post(connection), POLL_MS.steady);
        times.push(performance.now() - startMs);
      }
    }),
  );
  for (const connection of connections) connection.close();
  return times.toSorted((a, b) => a - b);
}

function open(port: number, clients: number): readonly HttpConnection[] {
  return Array.from({ length: clients }, () => new HttpConnection(port));
}

async function post(connection: HttpConnection): Promise<string> {
  const answer = await connection.post('/images/', JOB);
  if (answer.status !== 202) throw new Error(`a job was answered ${answer.head}${answer.body}`);
  return (JSON.parse(answer.body) as { id: string }).id;
}

/** Answers how often it looked. */
async function untilCompleted(connection: HttpConnection, id: string, pollMs: number): Promise<number> {
  const lateMs = performance.now() + PATIENCE_MS;
  for (let polls = 1; performance.now() < lateMs; polls += 1) {
    const answer = await connection.get(`/images/${id}/`);
    if (answer.status !== 200) throw new Error(`job ${id} was answered ${answer.head}${answer.body}`);
    const { status } = JSON.parse(answer.body) as { status: string };
    if (status === 'completed') return polls;
    if (status === 'failed' || status === 'dead') throw new Error(`job ${id} failed: ${answer.body}`);
    await sleep(pollMs);
  }
  throw new Error(`job ${id} was not completed in ${PATIENCE_MS} ms`);
}
