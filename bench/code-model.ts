/**
 * `node bench/code-model.ts`: how fast the embedded code model writes, alone, eight at once and beside a picture, and
 * what its process weighs. Through the engine, as a worker uses it.
 */
import { execFileSync } from 'node:child_process';
import { loadavg } from 'node:os';
import { openEmbeddedEngine } from '../packages/engine-embedded/src/index.ts';

const TOKENS = 200;
const ROUNDS = 5;
const AT_ONCE = 8;
const PROMPT =
  'import os\nimport sys\n\n\nclass Stack:\n    """A stack of items."""\n\n    def __init__(self):\n';
/** About 800 tokens. */
const LONG_PROMPT = `${PROMPT}        self.items = [0, 1, 2, 3, 4, 5, 6]\n`.repeat(14);
/** A model that stops writing on its own is asked again, so that every round has its tokens. */
const HOT = { temperature: 1, top_p: 1 };

const engine = openEmbeddedEngine();
const never = new AbortController().signal;

interface Written {
  readonly tokens: number;
  readonly promptTokens: number;
  readonly firstMs: number;
  readonly totalMs: number;
  readonly loadMs: number;
}

async function write(settings: { prompt?: string; seed: number; max_tokens?: number }): Promise<Written> {
  const startMs = performance.now();
  let firstMs = 0;
  const result = await engine.generateText({
    id: `${settings.seed}`,
    settings: {
      ...{ model: 'genfleet-demo-code', prompt: PROMPT, max_tokens: TOKENS, ...HOT, stop: [], echo: false },
      ...{ presence_penalty: 0, frequency_penalty: 0, ...settings },
    },
    signal: never,
    onDelta: () => {
      firstMs ||= performance.now() - startMs;
    },
  });
  if (!result.ok) throw result.error;
  return {
    tokens: result.usage.completion_tokens,
    promptTokens: result.usage.prompt_tokens,
    firstMs,
    totalMs: performance.now() - startMs,
    loadMs: result.modelLoadMs,
  };
}

function draw(steps: number) {
  const settings = {
    ...{ model: 'genfleet-demo', prompt: 'a red circle on a white background', negative_prompt: '' },
    ...{ sampler_name: 'euler', cfg_scale: 2, seed: 1, width: 512, height: 512, batch_size: 1, n_iters: 1 },
    steps,
  };
  return engine.generateImages([
    { id: 'picture', settings, seeds: [1], signal: never, onProgress: () => undefined },
  ]);
}

/** Tokens a second over several rounds of so many texts at once, and the median time to the first token. */
async function speed(atOnce: number): Promise<string> {
  const startMs = performance.now();
  const all: Written[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const seeds = Array.from({ length: atOnce }, (_, n) => round * atOnce + n);
    all.push(...(await Promise.all(seeds.map((seed) => write({ seed })))));
  }
  const tokens = all.reduce((sum, written) => sum + written.tokens, 0);
  const perSecond = (tokens / (performance.now() - startMs)) * 1_000;
  return `${perSecond.toFixed(0).padStart(6)} tokens/s, first after ${median(all.map((each) => each.firstMs)).toFixed(1)} ms`;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** Resident memory in MB of the engine's process. */
function memoryMb(): string {
  const rows = execFileSync('ps', ['-eo', 'ppid,rss,args']).toString().split('\n');
  const own = rows.find((row) => row.includes('engine-process') && Number.parseInt(row, 10) === process.pid);
  return `${(Number(own?.trim().split(/\s+/)[1]) / 1_024).toFixed(0)} MB`;
}

try {
  console.log(`load average ${loadavg()[0]?.toFixed(1)} before the start`);
  await draw(2);
  console.log(`engine with the image model    ${memoryMb()}`);
  const first = await write({ seed: 0, max_tokens: 1 });
  console.log(`code model loaded in           ${first.loadMs.toFixed(0)} ms`);
  console.log(`alone                          ${await speed(1)}`);
  console.log(`${AT_ONCE} at once                      ${await speed(AT_ONCE)}`);
  const long = await write({ seed: 0, prompt: LONG_PROMPT, max_tokens: 1 });
  console.log(`a prompt of ${long.promptTokens} tokens         ${long.totalMs.toFixed(0)} ms`);
  const picture = draw(150);
  console.log(`alone, beside a picture        ${await speed(1)}`);
  await picture;
  console.log(`engine with both models        ${memoryMb()}`);
} finally {
  await engine.close();
}
