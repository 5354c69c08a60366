import { types } from 'node:util';
import { GenfleetError } from '@genfleet/job';
import { flushTraces } from './flush-traces.ts';

/** What a service does when it is told to end; it has as long as it takes. */
export type StopService = (signal: NodeJS.Signals) => Promise<void>;

/**
 * The life of a service's process: `start` begins it and returns how it stops. SIGTERM and SIGINT stop it in order
 * and end the process with 0; a second one ends it at once with 1. A start that fails ends it with 1 and says why on
 * standard error: in one line when a person can mend it, with the stack when it is a fault of ours.
 */
export async function runService(name: string, start: () => Promise<StopService>): Promise<void> {
  let stop: StopService;
  try {
    stop = await start();
  } catch (error) {
    process.stderr.write(`${explainStart(name, error)}\n`);
    process.exit(1);
  }
  let isStopping = false;
  const end = async (signal: NodeJS.Signals) => {
    if (isStopping) process.exit(1);
    isStopping = true;
    await stop(signal);
    await flushTraces();
    process.exit(0);
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
}

/** Why a service did not start. An address that is taken, or a folder that can't be made, is for a person to mend. */
export function explainStart(name: string, error: unknown): string {
  const began = `genfleet ${name} could not start:`;
  if (error instanceof GenfleetError) return `${began} ${error.code}: ${error.message}`;
  // errors of another realm are errors too
  if (!types.isNativeError(error)) return `${began} ${String(error)}`;
  return `${began} ${mendable(error) ?? error.stack}`;
}

/** What the system calls of a start say of themselves, and what to do about it. */
const MENDED_BY: Readonly<Record<string, string>> = {
  EADDRINUSE: 'something listens there already; choose another port, or 0 for any that is free',
  EADDRNOTAVAIL: 'this machine has no such address; see HOST',
  EACCES: 'this user may not',
  EPERM: 'this user may not',
  EROFS: 'nothing can be written there',
  ENOSPC: 'the disk is full',
};

/** What a person can mend, in one line, when it was the system that refused; undefined for all else. */
export function mendable(error: unknown): string | undefined {
  if (!types.isNativeError(error) || !('syscall' in error)) return undefined;
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  const hint = MENDED_BY[code ?? ''] ?? (syscall === 'mkdir' ? 'no folder can be made there' : undefined);
  return hint === undefined ? message : `${message}: ${hint}`;
}
