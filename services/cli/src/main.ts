#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
import { text } from 'node:stream/consumers';
import { openArtifacts, openBus, openLedger } from '@genfleet/adapters';
import { loadConfig } from '@genfleet/config';
import { runCli } from './cli.ts';

/** What a shell reports of a program that SIGPIPE has ended. */
const READER_GONE = 141;

// as `| head` does: nobody is left to be told anything, and what was not said may not count as done
process.stdout.on('error', () => process.exit(READER_GONE));

process.exitCode = await runCli(process.argv.slice(2), {
  loadConfig,
  openBus,
  openArtifacts,
  openLedger,
  readInput: () => text(process.stdin),
  interrupted,
  now: Date.now,
  say: (line) => process.stdout.write(`${line}\n`),
  complain: (line) => process.stderr.write(`${line}\n`),
});

/** The first Ctrl-C asks for an end; a second one does not ask. */
function interrupted(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => controller.abort());
  return controller.signal;
}
