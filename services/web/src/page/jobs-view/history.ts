import { ApiError, type JobHistory } from '@genfleet/client';
import { signal } from '@preact/signals';
import { announce } from '../announce.ts';
import { isEnded } from '../merge.ts';
import { client, isOutage, messageOf } from '../server.ts';
import { readSoon } from './list.ts';

const POLL_MS = 2_000;

/** What is known of the job that is looked at; undefined before there is anything. */
export const history = signal<JobHistory | undefined>(undefined);
/** Why it could not be read. */
export const historyFault = signal<string | undefined>(undefined);
/** What the last button could not do; it stays until the next try. */
export const trouble = signal<string | undefined>(undefined);

let wake = (): void => undefined;

/** Reads a job's history, again and again until the job has ended or the returned function is called. */
export function openHistory(id: string): () => void {
  const closed = new AbortController();
  history.value = undefined;
  historyFault.value = undefined;
  trouble.value = undefined;
  void keepReading(id, closed.signal);
  return () => closed.abort();
}

async function keepReading(id: string, closed: AbortSignal): Promise<void> {
  while (!closed.aborted) {
    try {
      const read = await client.jobs.history(id, { signal: closed });
      if (closed.aborted) return;
      // the same answer again need not be drawn again
      if (JSON.stringify(read) !== JSON.stringify(history.value)) history.value = read;
      historyFault.value = undefined;
    } catch (error) {
      if (closed.aborted) return;
      historyFault.value = messageOf(error);
      if (!isOutage(error)) return;
    }
    await pause();
  }
}

/** An ended job is read again only when a button has done something to it. */
function pause(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const hasEnded = history.value !== undefined && isEnded(history.value);
  const timer = hasEnded ? undefined : setTimeout(resolve, POLL_MS);
  wake = resolve;
  return promise.finally(() => clearTimeout(timer));
}

async function attempt(action: () => Promise<string>): Promise<void> {
  trouble.value = undefined;
  try {
    announce(await action());
  } catch (error) {
    trouble.value = messageOf(error);
  }
  wake();
  readSoon();
}

/** Takes a job of either kind back. */
export const cancelJob = ({ id, kind }: JobHistory): Promise<void> =>
  attempt(async () => {
    try {
      await (kind === 'txt2img' ? client.cancelImage(id) : client.completions.cancel(id));
      return 'Cancelled';
    } catch (error) {
      // another end was first: the history shows which
      if (error instanceof ApiError && error.status === 409) return 'It had ended before';
      throw error;
    }
  });

/** Brings a dead letter back. */
export const redriveJob = ({ id }: JobHistory): Promise<void> =>
  attempt(async () => {
    await client.redrive(id);
    return 'Back in line';
  });
