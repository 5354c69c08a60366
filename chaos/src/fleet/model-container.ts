import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Behaviour,
  FakeContainer,
  lines,
} from '../../../packages/engine-diffusers/test/fake-container.ts';
import { pngOf } from '../../../packages/engine-diffusers/test/png-of.ts';

/** What the container does with the jobs it is given. */
export type Mood =
  | 'well'
  /** Takes the request and says nothing. */
  | 'hangs'
  /** Says how far it is, once, and nothing more. */
  | 'stalls'
  /** Says that it is done with less than it was asked for. */
  | 'makes too few'
  /** Sends bytes that are no picture. */
  | 'sends garbage'
  /** Breaks its own protocol. */
  | 'talks nonsense'
  | 'runs out of memory'
  /** Ends the connection in the middle. */
  | 'crashes';

/** A job with this in its prompt fails, and is worth another try, whatever the mood. */
export const FAILING = 'never works';

const MODELS = {
  models: [{ name: 'genfleet-demo', aliases: [], demo: true }],
  samplers: ['euler'],
  batch_images: 4,
};
const PREVIEWS = {};

interface Generation {
  readonly width: number;
  readonly height: number;
  readonly steps: number;
  readonly tasks: readonly {
    readonly id: string;
    readonly prompt: string;
    readonly seeds: readonly number[];
  }[];
}

/**
 * The model container without a model: services/model-diffusers' protocol, pictures of one colour that follows from
 * their seed, `stepMs` for a step. It goes wrong as it is told.
 */
export class ModelContainer {
  readonly #server = new FakeContainer();
  mood: Mood = 'well';
  stepMs: number;
  /** Prompts that fail, until they are taken out. */
  readonly failing = new Set<string>();

  constructor(stepMs: number) {
    this.stepMs = stepMs;
    this.#server.behaviour = (request, response) => {
      // what was generated is of no use here, and would be kept for ever
      this.#server.requests.length = 0;
      return this.#answer(request, response);
    };
  }

  async listen(): Promise<string> {
    return new URL(await this.#server.listen()).host;
  }

  close(): Promise<void> {
    return this.#server.close();
  }

  readonly #answer: Behaviour = async ({ method, path, body }, response) => {
    const json = (status: number, value: unknown) =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (path === '/models') return json(200, MODELS);
    if (path === '/health/ready') return json(200, { ready: true, reasons: [] });
    if (method === 'DELETE') return json(202, {});
    const generation = body as Generation;
    const ids = generation.tasks.map(({ id }) => id);
    const step = { type: 'progress', step: 1, steps: generation.steps, ids, previews: PREVIEWS };
    switch (this.mood) {
      case 'hangs':
        return undefined;
      case 'stalls':
        return lines(response, [step], false);
      case 'makes too few':
        return lines(response, [step, doneLine(0)]);
      case 'sends garbage':
        return lines(response, [...imageLines(generation, () => Buffer.from('GIF89a')), doneLine(0)]);
      case 'talks nonsense':
        return lines(response, ['{"type":"progress","step":', 'on and on\n']);
      case 'runs out of memory':
        return lines(response, [step, errorLine(ids, 'out_of_memory')]);
      case 'crashes':
        lines(response, [step], false);
        await sleep(this.stepMs);
        return void response.destroy();
      case 'well':
        return this.#generate(generation, response);
    }
  };

  async #generate({ steps, tasks, ...size }: Generation, response: Parameters<Behaviour>[1]): Promise<void> {
    const startMs = performance.now();
    lines(response, [], false);
    for (let step = 1; step <= steps && !response.destroyed; step++) {
      await sleep(this.stepMs);
      const ids = tasks.map(({ id }) => id);
      response.write(`${JSON.stringify({ type: 'progress', step, steps, ids, previews: PREVIEWS })}\n`);
    }
    const failing = tasks.filter(({ prompt }) => prompt.includes(FAILING) || this.failing.has(prompt));
    const others = tasks.filter((task) => !failing.includes(task));
    const ids = failing.map(({ id }) => id);
    if (failing.length > 0) response.write(`${JSON.stringify(errorLine(ids, 'engine_failed'))}\n`);
    for (const line of imageLines({ ...size, tasks: others }, colourOf))
      response.write(`${JSON.stringify(line)}\n`);
    response.end(`${JSON.stringify(doneLine(performance.now() - startMs))}\n`);
  }
}

function errorLine(ids: readonly string[], code: string): object {
  return { type: 'error', ids, code, message: `told to: ${code}`, retryable: true };
}

function* imageLines(
  { tasks, ...size }: Omit<Generation, 'steps'>,
  draw: (size: Size, seed: number) => Buffer,
) {
  for (const { id, seeds } of tasks) {
    for (const [index, seed] of seeds.entries()) {
      yield { type: 'image', id, index, png: draw(size, seed).toString('base64') };
    }
  }
}

type Size = Pick<Generation, 'width' | 'height'>;

function colourOf({ width, height }: Size, seed: number): Buffer {
  return pngOf(width, height, [seed & 255, (seed >> 8) & 255, (seed >> 16) & 255]);
}

function doneLine(generateMs: number): object {
  const timings = { generate_ms: Math.round(generateMs) };
  return { type: 'done', model: 'genfleet-demo', model_load_ms: 0, timings };
}
