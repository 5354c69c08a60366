import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Missing } from './addresses.ts';
import { freePorts } from './free-port.ts';
import { unwanted, watchOwn, whatIsMissing } from './own-instance.ts';
import { TRITON_REPOSITORIES } from './recipes.ts';
import { run, runScript } from './script.ts';

/** A Triton of one test's own, that it may kill. Its ports stay the same for as long as it exists. */
export interface OwnTriton {
  /** `triton://host:port` of its gRPC service. */
  readonly url: string;
  /** Of its HTTP service, by which models are loaded and unloaded: `http://host:port`. */
  readonly httpUrl: string;
  /** kill -9, at once. */
  kill(): Promise<void>;
  /** Starts it again; resolves once its models are loaded. */
  start(): Promise<void>;
  /** Stops it and takes its folder away. */
  destroy(): Promise<void>;
}

const isMissing = (thrown: unknown) => whatIsMissing('Triton', thrown);

/**
 * The Python environment that the models in Triton run in, made on first use.
 * @returns the interpreter, or `{ missing }` as `startOwnTriton` has it.
 */
export async function provideTritonPython(): Promise<string | Missing> {
  const without = unwanted('triton');
  if (without) return without;
  const outcome = await runScript('triton', ['install']).catch(isMissing);
  return typeof outcome === 'string' ? join(outcome.split('\n').at(-1) ?? '', 'bin/python') : outcome;
}

/**
 * Starts one, with the models that we ship and those of tests. `GENFLEET_WITHOUT=triton` goes without.
 * @returns `{ missing }` with the reason, which was printed. @throws Error instead when `CI=true`.
 */
export async function startOwnTriton(): Promise<OwnTriton | Missing> {
  const without = unwanted('triton');
  if (without) return without;
  const directory = mkdtempSync(join(tmpdir(), 'genfleet-triton-'));
  watchOwn('triton', directory);
  const [grpc, http, metrics] = await freePorts(3);
  const env = {
    DIR: directory,
    GRPC_PORT: String(grpc),
    HTTP_PORT: String(http),
    METRICS_PORT: String(metrics),
    REPOSITORIES: TRITON_REPOSITORIES,
  };
  const start = async () => void (await runScript('triton', ['start'], env));
  const missing = await start().catch(isMissing);
  if (missing) return missing;
  return {
    url: `triton://127.0.0.1:${grpc}`,
    httpUrl: `http://127.0.0.1:${http}`,
    kill: async () => void (await runScript('triton', ['kill'], env)),
    start,
    async destroy() {
      await runScript('triton', ['stop'], env);
      await run('rm', ['-rf', directory]);
    },
  };
}
