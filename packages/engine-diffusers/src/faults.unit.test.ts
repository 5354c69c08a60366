import type { ImageEngine, ImageTask, StepProgress } from '@genfleet/engine';
import type { ErrorCode } from '@genfleet/job';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DONE, FakeContainer, lines } from '../test/fake-container.ts';
import { pngOf } from '../test/png-of.ts';
import { openDiffusersEngine } from './index.ts';

const PNG = pngOf(64, 64).toString('base64');
/** Long enough for a busy machine, short enough to wait for. */
const SHORT_MS = 300;
const LONG_MS = 60_000;

let container: FakeContainer;
let url: string;
let engine: ImageEngine;
const opened: ImageEngine[] = [];

function open(limits: Partial<Parameters<typeof openDiffusersEngine>[0]> = {}): ImageEngine {
  const one = openDiffusersEngine({
    url,
    connectTimeoutMs: LONG_MS,
    stepTimeoutMs: LONG_MS,
    waitTimeoutMs: LONG_MS,
    ...limits,
  });
  opened.push(one);
  return one;
}

beforeEach(async () => {
  container = new FakeContainer();
  url = await container.listen();
  engine = open();
});
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
  await container.close();
});

function task(id = 'a', more: Partial<ImageTask> = {}): ImageTask {
  return {
    id,
    settings: {
      prompt: 'a red circle',
      negative_prompt: '',
      seed: 1,
      sampler_name: 'euler',
      batch_size: 1,
      n_iters: 1,
      steps: 4,
      cfg_scale: 7,
      width: 64,
      height: 64,
      model: 'tiny',
    },
    seeds: [1],
    signal: new AbortController().signal,
    onProgress: () => undefined,
    ...more,
  };
}

const image = (id = 'a', index = 0, png = PNG) => ({ type: 'image', id, index, png });
const failure = (code: ErrorCode, message: unknown = expect.any(String)) => ({
  ok: false,
  error: { code, message },
});

describe('a proper answer', () => {
  it('becomes pictures, progress, the model and its times', async () => {
    const seen: StepProgress[] = [];
    const jpeg = Buffer.from([0xff, 0xd8, 1]).toString('base64');
    container.behaviour = (_, response) =>
      lines(response, [
        { type: 'waiting', for: 'model' },
        { type: 'progress', step: 1, steps: 4, ids: ['a'], previews: { a: jpeg } },
        { type: 'progress', step: 4, steps: 4, ids: ['a'], previews: { a: 'bm8gSlBFRw==' } },
        image(),
        DONE,
      ]);
    const results = await engine.generateImages([
      task('a', { onProgress: (progress) => seen.push(progress) }),
    ]);
    expect(results).toMatchObject([
      {
        ok: true,
        images: [{ encoding: 'png', width: 64, height: 64 }],
        model: 'real-name',
        modelLoadMs: 12,
        generateMs: 34,
      },
    ]);
    expect(seen).toEqual([
      { step: 1, steps: 4, previewJpeg: Buffer.from([0xff, 0xd8, 1]) },
      { step: 4, steps: 4 },
    ]);
  });

  it('is asked for with everything the tasks say', async () => {
    container.behaviour = (_, response) => lines(response, [image('a'), image('b'), DONE]);
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await engine.generateImages([task('a', { traceparent }), task('b', { seeds: [2 ** 53 - 1] })]);
    expect(container.requests[0]).toMatchObject({ path: '/generate', headers: { traceparent } });
    expect(container.requests[0]?.body).toEqual({
      model: 'tiny',
      sampler_name: 'euler',
      steps: 4,
      cfg_scale: 7,
      width: 64,
      height: 64,
      preview_every: 1,
      tasks: [
        { id: 'a', prompt: 'a red circle', negative_prompt: '', seeds: [1], traceparent },
        { id: 'b', prompt: 'a red circle', negative_prompt: '', seeds: [2 ** 53 - 1] },
      ],
    });
  });

  it.each([
    [20, undefined, 4],
    [20, 8, 3],
    [3, 8, 1],
    [20, 0, 0],
  ])('asks of %d steps for %p previews: one every %d', async (steps, previews, preview_every) => {
    container.behaviour = (_, response) => lines(response, [image(), DONE]);
    const { settings } = task();
    const configured = open(previews === undefined ? {} : { previews });
    await configured.generateImages([task('a', { settings: { ...settings, steps } })]);
    expect(container.requests[0]?.body).toMatchObject({ steps, preview_every });
  });

  it('keeps who waits for a model from being taken for dead', async () => {
    const seen: StepProgress[] = [];
    const waiting = { type: 'waiting', for: 'model' };
    container.behaviour = (_, response) => lines(response, [waiting, waiting, image(), DONE]);
    await engine.generateImages([task('a', { onProgress: (progress) => seen.push(progress) })]);
    expect(seen).toEqual([{ step: 0, steps: 4 }]);
  });
});

describe('rubbish', () => {
  const progress = (step: number, steps: number, ids = ['a']) => ({ type: 'progress', step, steps, ids });
  it.each<[string, unknown[], string]>([
    ['a line that is no JSON', ['<html>\n'], 'not of its protocol'],
    ['a line of another protocol', [{ type: 'picture' }], 'not of its protocol'],
    [
      'a code that there is not',
      [{ type: 'error', ids: ['a'], code: 'oops', message: '', retryable: true }],
      'not of',
    ],
    ['a task nobody asked for', [image('x')], 'speaks of x'],
    ['progress of a stranger', [progress(1, 4, ['x'])], 'speaks of x'],
    ['more steps than there are', [progress(5, 4)], 'step 5 of 4'],
    ['an image too many', [image('a', 1)], 'nobody waits for'],
    ['an image of another size', [image('a', 0, pngOf(64, 32).toString('base64'))], 'is 64×32'],
    ['an image cut off', [image('a', 0, PNG.slice(0, 80))], 'is cut off'],
    ['no image at all', [image('a', 0, 'bm8gaW1hZ2U=')], 'is no PNG'],
    ['an end without images', [DONE], 'without making every image'],
    ['no end', [progress(1, 4)], 'broke off'],
    ['nothing', [], 'broke off'],
    ['a line without end', ['x'.repeat(25 * 2 ** 20)], 'a line of more than'],
  ])('%s fails the job so that it is tried again', async (_, content, message) => {
    container.behaviour = (_request, response) => lines(response, content);
    const [result] = await engine.generateImages([task()]);
    expect(result).toMatchObject(failure('engine_failed', expect.stringContaining(message)));
    expect(result).toMatchObject({ error: { retryable: true } });
  });

  it('is the same image sent twice', async () => {
    container.behaviour = (_, response) => lines(response, [image(), image(), DONE]);
    const [result] = await engine.generateImages([task('a', { seeds: [1, 2] })]);
    expect(result).toMatchObject(failure('engine_failed', expect.stringContaining('nobody waits for')));
  });

  it('leaves alone what was finished before it', async () => {
    container.behaviour = (_, response) => lines(response, [image('a'), '<html>\n']);
    const results = await engine.generateImages([task('a'), task('b')]);
    expect(results).toMatchObject([{ ok: true }, failure('engine_failed')]);
  });

  it.each([
    ['HTML', 502, '<html>bad gateway</html>'],
    ['an empty answer', 500, ''],
    ['another JSON', 404, '{"detail":"Not Found"}'],
  ])('%s instead of a stream', async (_, status, body) => {
    container.behaviour = (_request, response) => void response.writeHead(status).end(body);
    expect(await engine.generateImages([task()])).toMatchObject([
      failure('engine_failed', `engine answered ${status} without saying why`),
    ]);
    await expect(engine.models()).rejects.toMatchObject({ code: 'engine_failed' });
  });
});

describe('an engine that stands still', () => {
  const timeout = (what: string) => [failure('engine_timeout', expect.stringContaining(`no ${what}`))];

  it('does not accept the request', async () => {
    container.behaviour = () => undefined;
    expect(await open({ connectTimeoutMs: SHORT_MS }).generateImages([task()])).toMatchObject(
      timeout('answer'),
    );
  });

  it('stops between two steps, and its connection is closed', async () => {
    const closed = Promise.withResolvers<void>();
    container.behaviour = (_, response) => {
      response.on('close', closed.resolve);
      lines(response, [{ type: 'progress', step: 1, steps: 4, ids: ['a'] }], false);
    };
    expect(await open({ stepTimeoutMs: SHORT_MS }).generateImages([task()])).toMatchObject(timeout('step'));
    await closed.promise;
  });

  it('never gets through with loading', async () => {
    container.behaviour = async (_, response) => {
      lines(response, [], false);
      const ticker = setInterval(() => response.write('{"type":"waiting","for":"model"}\n'), 20);
      response.on('close', () => clearInterval(ticker));
    };
    expect(await open({ waitTimeoutMs: SHORT_MS }).generateImages([task()])).toMatchObject(timeout('step'));
  });

  it('does not answer for its health', async () => {
    container.behaviour = () => undefined;
    await expect(open({ connectTimeoutMs: SHORT_MS }).health()).rejects.toMatchObject({
      code: 'engine_unreachable',
    });
  });
});

describe('an engine that is not there', () => {
  it('is told apart from one that fails', async () => {
    await container.close();
    const gone = { code: 'engine_unreachable', retryable: true };
    expect(await engine.generateImages([task()])).toMatchObject([{ ok: false, error: gone }]);
    await expect(engine.models()).rejects.toMatchObject(gone);
    await expect(engine.health()).rejects.toMatchObject(gone);
    container = new FakeContainer();
    await container.listen();
  });

  it('that dies in the middle', async () => {
    container.behaviour = (_, response) => {
      lines(response, [{ type: 'progress', step: 1, steps: 4, ids: ['a'] }], false);
      setTimeout(() => response.destroy(), 20);
    };
    expect(await engine.generateImages([task()])).toMatchObject([failure('engine_failed')]);
  });

  it('that is not ready says why', async () => {
    container.behaviour = (_, response) =>
      void response.writeHead(503).end('{"ready":false,"reasons":["no model in /models"]}');
    await expect(engine.health()).rejects.toThrow('no model in /models');
  });

  it('is an address of the wrong kind', () => {
    for (const wrong of ['ftp://x', 'nowhere', '']) {
      expect(() => openDiffusersEngine({ url: wrong })).toThrow('http:');
    }
  });

  it('was closed', async () => {
    await engine.close();
    expect(await engine.generateImages([task()])).toMatchObject([failure('closed')]);
  });
});

describe('errors of the container', () => {
  it.each<[ErrorCode, boolean]>([
    ['prompt_rejected', false],
    ['out_of_memory', true],
    ['engine_failed', true],
  ])('keep their code: %s', async (code, retryable) => {
    container.behaviour = (_, response) =>
      lines(response, [{ type: 'error', ids: ['a'], code, message: 'why', retryable }, image('b'), DONE]);
    const results = await engine.generateImages([task('a'), task('b')]);
    expect(results).toMatchObject([{ ok: false, error: { code, retryable, message: 'why' } }, { ok: true }]);
  });

  it('keep their code when nothing was streamed', async () => {
    const error = {
      code: 'model_not_found',
      message: 'no model is called x; there are: y',
      retryable: false,
    };
    container.behaviour = (_, response) => void response.writeHead(404).end(JSON.stringify({ error }));
    expect(await engine.generateImages([task()])).toMatchObject([{ ok: false, error }]);
  });

  it('for one job in a batch do not fail its company', async () => {
    const error = { code: 'invalid_settings', message: 'tasks.1.prompt: no', retryable: false };
    container.behaviour = ({ body }, response) => {
      const ids = (body as { tasks: { id: string }[] }).tasks.map(({ id }) => id);
      if (ids.includes('b')) response.writeHead(422).end(JSON.stringify({ error }));
      else lines(response, [...ids.map((id) => image(id)), DONE]);
    };
    const results = await engine.generateImages([task('a'), task('b'), task('c')]);
    expect(results).toMatchObject([{ ok: true }, { ok: false, error }, { ok: true }]);
  });
});

describe('cancelling', () => {
  it('one of two tells the container and leaves the other', async () => {
    const abort = new AbortController();
    const answer = Promise.withResolvers<() => void>();
    container.behaviour = ({ method, path }, response) => {
      if (method === 'POST') {
        lines(response, [{ type: 'progress', step: 1, steps: 4, ids: ['a', 'b/1'] }], false);
        answer.resolve(() => response.end(`${JSON.stringify(image('a'))}\n${JSON.stringify(DONE)}\n`));
      } else {
        expect(path).toBe('/generate/b%2F1');
        response.writeHead(202).end('{}');
        void answer.promise.then((finish) => finish());
      }
    };
    const results = await engine.generateImages([
      task('a'),
      task('b/1', { signal: abort.signal, onProgress: () => abort.abort() }),
    ]);
    expect(results).toMatchObject([{ ok: true }, failure('cancelled')]);
    expect(container.requests.map(({ method }) => method)).toEqual(['POST', 'DELETE']);
  });

  it('the last closes the connection and is answered at once', async () => {
    const abort = new AbortController();
    const closed = Promise.withResolvers<void>();
    container.behaviour = (_, response) => {
      response.on('close', closed.resolve);
      lines(response, [{ type: 'progress', step: 1, steps: 4, ids: ['a'] }], false);
    };
    const results = await engine.generateImages([
      task('a', { signal: abort.signal, onProgress: () => abort.abort() }),
    ]);
    expect(results).toMatchObject([failure('cancelled')]);
    await closed.promise;
  });

  it('before the start asks for the others only', async () => {
    container.behaviour = (_, response) => lines(response, [image('b'), DONE]);
    const results = await engine.generateImages([task('a', { signal: AbortSignal.abort() }), task('b')]);
    expect(results).toMatchObject([failure('cancelled'), { ok: true }]);
    const posts = container.requests.filter(({ method }) => method === 'POST');
    expect(posts[0]?.body).toMatchObject({ tasks: [{ id: 'b' }] });
  });
});
