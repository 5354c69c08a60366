import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { startProduct } from '../services/all-in-one/test/product.ts';
import { freePorts } from '../tools/provision/free-port.ts';
import { cacheDirectory } from '../tools/provision/script.ts';

/** What stands between a client and the upstream. */
export interface Gateway {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  readonly headers: Readonly<Record<string, string>>;
  stop(): void;
}

const START_MS = 90_000;
const ROOT = join(import.meta.dirname, '..');
const PORTKEY = join(import.meta.dirname, 'node_modules/@portkey-ai/gateway/build/start-server.js');
const LITELLM = join(cacheDirectory(), 'litellm/bin/litellm');
/** LiteLLM refuses to start with a weak one. */
const MASTER_KEY = 'sk-6f1d0a97c2b84e3d8a5b9c7e1f2d3a4b';

/** Fails with what to do when the peers are not there. */
export function checkPeers(): void {
  if (!existsSync(PORTKEY) || !existsSync(LITELLM)) {
    throw new Error('The peers are not installed; run: bash bench/setup.sh');
  }
}

function started(
  name: string,
  child: ChildProcess,
  port: number,
  headers: Record<string, string> = {},
): Gateway {
  // also when the bench fails
  const stop = () => child.kill('SIGKILL');
  process.on('exit', stop);
  child.on('error', (error) => console.error(`${name}: ${error.message}`));
  return { name, port, pid: child.pid ?? 0, headers, stop };
}

/** A script here that prints its port, or a URL with it. */
export async function startScript(
  name: string,
  script: string,
  args: readonly string[] = [],
): Promise<Gateway> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(ROOT, script), ...args],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return started(name, child, Number(/(\d+)(\/v1)?$/.exec(line)?.[1]));
}

export async function startGenfleet(
  upstreamPort: number,
  flags: Record<string, string> = {},
): Promise<Gateway> {
  const folder = mkdtempSync(join(tmpdir(), 'genfleet-bench-'));
  const product = await startProduct(folder, {
    ENGINE_URL: `openai+http://127.0.0.1:${upstreamPort}/v1`,
    LOG_LEVEL: 'warn',
    ...flags,
  });
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return started('Genfleet', product.process, Number(new URL(product.url).port));
}

export async function startPortkey(upstreamPort: number): Promise<Gateway> {
  const [port = 0] = await freePorts(1);
  const child = spawn(process.execPath, [PORTKEY, `--port=${port}`, '--headless'], { stdio: 'ignore' });
  const gateway = started('Portkey', child, port, {
    'x-portkey-provider': 'openai',
    'x-portkey-custom-host': `http://127.0.0.1:${upstreamPort}/v1`,
    authorization: 'Bearer unused',
  });
  await untilAnswering(gateway, '/');
  return gateway;
}

export async function startLiteLlm(upstreamPort: number): Promise<Gateway> {
  const [port = 0] = await freePorts(1);
  const folder = mkdtempSync(join(tmpdir(), 'litellm-bench-'));
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'config.json');
  // JSON is YAML
  writeFileSync(
    file,
    JSON.stringify({
      model_list: [
        {
          model_name: 'mock',
          litellm_params: {
            model: 'text-completion-openai/mock',
            api_base: `http://127.0.0.1:${upstreamPort}/v1`,
            api_key: 'unused',
          },
        },
      ],
      general_settings: { master_key: MASTER_KEY },
    }),
  );
  const args = ['--config', file, '--host', '127.0.0.1', '--port', String(port), '--num_workers', '1'];
  const env = { ...process.env, LITELLM_LOG: 'ERROR', LITELLM_LOCAL_MODEL_COST_MAP: 'True' };
  const child = spawn(LITELLM, args, { stdio: 'ignore', env });
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const gateway = started('LiteLLM', child, port, { authorization: `Bearer ${MASTER_KEY}` });
  await untilAnswering(gateway, '/health/liveliness');
  return gateway;
}

async function untilAnswering({ name, port }: Gateway, path: string): Promise<void> {
  const lateMs = Date.now() + START_MS;
  while (Date.now() < lateMs) {
    try {
      await (await fetch(`http://127.0.0.1:${port}${path}`)).arrayBuffer();
      return;
    } catch {
      await sleep(200);
    }
  }
  throw new Error(`${name} did not start in ${START_MS} ms`);
}
