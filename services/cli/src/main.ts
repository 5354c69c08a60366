#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
import { openBus } from '@genfleet/adapters';
import { loadConfig } from '@genfleet/config';
import { runCli } from './cli.ts';

process.exitCode = await runCli(process.argv.slice(2), {
  loadConfig,
  openBus,
  say: (line) => process.stdout.write(`${line}\n`),
  complain: (line) => process.stderr.write(`${line}\n`),
});
