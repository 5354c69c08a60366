import { ANNOUNCEMENT_TOPIC } from '@genfleet/job';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import { type RealFleet, startRealFleet } from '../test/real-fleet.ts';
import { until } from '../test/rig.ts';

/** The official client against the routes made for it. */

let fleet: RealFleet;
let openai: OpenAI;
const working = new AbortController();

beforeAll(async () => {
  fleet = await startRealFleet();
  openai = new OpenAI({ apiKey: 'none', baseURL: `${fleet.a.url}/v1`, maxRetries: 0 });
  const producer = await fleet.bus.producer(ANNOUNCEMENT_TOPIC);
  const demo = {
    name: 'genfleet-demo',
    kind: 'txt2img',
    aliases: ['v1-5-pruned-emaonly'],
    samplers: ['euler'],
    demo: true,
  };
  const announcement = { type: 'announced', worker: 'hand', engine: 'hand', models: [demo], leaving: false };
  await producer.send({
    key: 'hand',
    value: JSON.stringify({ ...announcement, time: new Date().toISOString() }),
  });
  await until(async () => (await openai.models.list()).data.length > 0);
  fleet.a.view.onChange(
    undefined,
    ({ event }) => {
      if (event.type === 'requested' && event.kind === 'txt2img') void fleet.worker.finish(event);
    },
    working.signal,
  );
});
afterAll(async () => {
  working.abort();
  await fleet.close();
});

describe('the OpenAI client', () => {
  it('lists models and finds one by an alias', async () => {
    const { data } = await openai.models.list();
    expect(data.map(({ id }) => id)).toEqual(['genfleet-demo', 'v1-5-pruned-emaonly']);
    expect(await openai.models.retrieve('v1-5-pruned-emaonly')).toMatchObject({ owned_by: 'genfleet' });
    await expect(openai.models.retrieve('nope')).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  });

  it('gets URLs that can be fetched', async () => {
    const { data } = await openai.images.generate({ prompt: 'A dog', n: 2, size: '256x256' });
    expect(data).toHaveLength(2);
    for (const { url } of data ?? []) {
      const file = await fetch(String(url));
      expect([file.status, await file.text()]).toEqual([200, expect.stringContaining('bytes of')]);
    }
  });

  it('gets the bytes when it asks for them', async () => {
    const answer = await openai.images.generate({
      prompt: 'A dog',
      model: 'v1-5-pruned-emaonly',
      response_format: 'b64_json',
    });
    expect(Buffer.from(String(answer.data?.[0]?.b64_json), 'base64').toString()).toContain('bytes of');
  });

  it('is told about a model there is not, in its own kind of error', async () => {
    const asked = openai.images.generate({ prompt: 'A dog', model: 'dall-e-3' });
    await expect(asked).rejects.toMatchObject({
      status: 400,
      code: 'model_not_found',
      param: 'model',
      message: expect.stringContaining('genfleet-demo'),
    });
  });
});

describe('models', () => {
  it('are known to the other routes once a worker said so', async () => {
    expect(await fleet.a.client.models()).toMatchObject([{ name: 'genfleet-demo', demo: true, workers: 1 }]);
    const refused = await fleet.a.client
      .createImage({
        generation_settings: { prompt: 'A dog', model: 'DreamShaper_6', sampler_name: 'Euler a' },
      })
      .catch((error: unknown) => error);
    expect(refused).toMatchObject({
      status: 422,
      problem: {
        errors: [{ path: 'generation_settings.model' }, { path: 'generation_settings.sampler_name' }],
      },
    });
  });
});
