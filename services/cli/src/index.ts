export { type CliContext, runCli } from './cli.ts';
export { setUp } from './set-up.ts';
