import { createHash } from 'node:crypto';
import { ApiError, createClient, type ImageEvent } from '@genfleet/client';
import { decodeEvent, type JobEvent, type Receipt, receiptSchema } from '@genfleet/job';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SEED_REQUEST } from '../../../packages/client/test/seed-request.ts';
import { dead, failed, started } from '../test/job-events.ts';
import { type RealFleet, startRealFleet } from '../test/real-fleet.ts';
import { requestOf, until } from '../test/rig.ts';

/** Two replicas over the embedded bus, a view each, and artifacts in files; the worker's part is done by hand. */

let fleet: RealFleet;
beforeAll(async () => {
  fleet = await startRealFleet();
});
afterAll(() => fleet.close());

async function buried(): Promise<string> {
  const { id } = await fleet.a.client.createImage(SEED_REQUEST);
  await fleet.worker.publish(dead(failed(await requestOf(fleet.a.view, id), 1)));
  await until(async () => (await fleet.a.client.getImage(id)).status === 'dead');
  return id;
}

/** The event that the receipt stands for, read from the ledger; its bytes are those of the receipt. */
async function standsAt({ topic: name, message_id, sha256 }: Receipt): Promise<JobEvent> {
  const signal = AbortSignal.timeout(20_000);
  const topic = { name, persistent: true };
  for await (const { messages } of fleet.bus.read(topic, { from: 'earliest', signal })) {
    const mine = messages.find(({ messageId }) => messageId === message_id);
    if (!mine) continue;
    expect(createHash('sha256').update(mine.value).digest('hex')).toBe(sha256);
    return decodeEvent(mine.value);
  }
  throw new Error(`no message ${message_id} on ${name}`);
}

describe("the seed's way of a job", () => {
  it('is accepted, polled and fetched, echoed exactly, on either replica', async () => {
    const posted = await fetch(`${fleet.a.url}/images`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(SEED_REQUEST),
    });
    expect(posted.status).toBe(202);
    const accepted = (await posted.json()) as { message: string; id: string };
    expect(accepted).toEqual({ message: 'Request is being processed', id: expect.any(String) });
    expect(posted.headers.get('location')).toBe(`/images/${accepted.id}`);

    const waiting = await fleet.b.client.getImage(accepted.id);
    expect(waiting).toMatchObject({
      status: 'queued',
      image_url: null,
      complete_time: null,
      queue: { position: 0 },
    });

    await fleet.worker.finish(await requestOf(fleet.a.view, accepted.id));
    await until(async () => (await fleet.b.client.getImage(accepted.id)).image_url !== null);
    const image = await fleet.b.client.getImage(accepted.id);
    expect(image.generation_settings).toEqual(SEED_REQUEST.generation_settings);
    expect(image.metadata).toEqual(SEED_REQUEST.metadata);
    expect(image.image_url).toBe(`${fleet.b.url}/artifacts/${accepted.id}.jpg`);

    const file = await fetch(String(image.image_url));
    expect(await file.text()).toBe(`bytes of ${accepted.id}.jpg`);
    expect(file.headers.get('content-type')).toBe('image/jpeg');
    const etag = String(file.headers.get('etag'));
    const again = await fetch(String(image.image_url), { headers: { 'if-none-match': etag } });
    expect(again.status).toBe(304);
  });

  it('gives a receipt: where the message stands in the ledger, and its hash', async () => {
    const posted = await fetch(`${fleet.a.url}/images/`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(SEED_REQUEST),
    });
    const { id } = (await posted.json()) as { id: string };
    const receipt = receiptSchema.parse(JSON.parse(posted.headers.get('genfleet-receipt') ?? ''));
    expect(receipt).toEqual({
      id,
      kind: 'txt2img',
      topic: 'requested_txt2img_generation',
      message_id: posted.headers.get('genfleet-message-id'),
      sha256: posted.headers.get('genfleet-message-sha256'),
    });
    expect(await standsAt(receipt)).toMatchObject({ type: 'requested', id, redrive: 0 });
  });

  it('gives receipts of cancellations and redrives as well', async () => {
    const kept: Receipt[] = [];
    const client = createClient({ baseUrl: fleet.a.url, onReceipt: (receipt) => kept.push(receipt) });
    const { id } = await client.createImage(SEED_REQUEST);
    await client.cancelImage(id);
    const [one, other] = [await buried(), await buried()];
    const { receipt } = await client.redrive(one);
    await client.redriveAll();
    const written = await Promise.all(kept.map(standsAt));
    expect(written.map((event) => [event.id, event.type, event.redrive])).toEqual([
      [id, 'requested', 0],
      [id, 'cancelled', 0],
      [one, 'requested', 1],
      [other, 'requested', 1],
    ]);
    expect(receipt).toEqual(kept[2]);
  });

  it('makes as many images as asked for', async () => {
    const settings = { ...SEED_REQUEST.generation_settings, batch_size: 2, n_iters: 2 };
    const { id } = await fleet.a.client.createImage({ generation_settings: settings });
    await fleet.worker.finish(await requestOf(fleet.a.view, id));
    await until(async () => (await fleet.a.client.getImage(id)).status === 'completed');
    const { image_urls, image_url } = await fleet.a.client.getImage(id);
    expect(image_urls.map((url) => url.split('/').at(-1))).toEqual([0, 1, 2, 3].map((n) => `${id}_${n}.jpg`));
    expect(image_url).toBe(image_urls[0]);
  });
});

describe('a list', () => {
  it('is newest first, filtered, paged, and says how many there are', async () => {
    const grouping = 'a list';
    const ids: string[] = [];
    for (let index = 0; index < 5; index += 1) {
      ids.unshift((await fleet.a.client.createImage({ ...SEED_REQUEST, metadata: { grouping } })).id);
    }
    // the replica that took them lists them at once, the other one when it has read them
    expect((await fleet.a.client.listImages({ grouping })).total).toBe(5);
    await fleet.b.view.caughtUp(10_000);
    const all = await fleet.b.client.listImages({ grouping });
    expect([all.total, all.images.map(({ id }) => id)]).toEqual([5, ids]);
    const second = await fleet.b.client.listImages({ grouping, limit: 2, offset: 2 });
    expect([second.total, second.images.map(({ id }) => id)]).toEqual([5, ids.slice(2, 4)]);
    expect((await fleet.b.client.listImages({ grouping, status: ['completed'] })).total).toBe(0);
    expect((await fleet.b.client.listImages({ grouping, status: ['queued', 'running'] })).total).toBe(5);
    expect((await fleet.b.client.listImages({ grouping, model: 'another' })).total).toBe(0);
  });
});

describe('Prefer: wait', () => {
  it('answers with the finished job', async () => {
    const created = fleet.a.client.createImage(
      { ...SEED_REQUEST, metadata: { grouping: 'waited' } },
      { waitSeconds: 30 },
    );
    await until(() => fleet.b.view.count({ grouping: 'waited' }) === 1);
    const [state] = fleet.b.view.jobs({ grouping: 'waited' }, { limit: 1, offset: 0 });
    await fleet.worker.finish(await requestOf(fleet.b.view, String(state?.id)));
    expect(await created).toMatchObject({ id: state?.id, image: { status: 'completed' } });
  });

  it('answers 202 when the job takes longer', async () => {
    const created = await fleet.a.client.createImage(SEED_REQUEST, { waitSeconds: 1 });
    expect(created.image).toBeUndefined();
  });
});

describe('events', () => {
  it('tell the whole life, over a retry, and resume on the other replica', async () => {
    const { id } = await fleet.a.client.createImage(SEED_REQUEST);
    const seen: ImageEvent[] = [];
    const following = (async () => {
      for await (const event of fleet.a.client.events(id)) seen.push(event);
    })();
    const first = await requestOf(fleet.a.view, id);
    await until(() => seen.some(({ type }) => type === 'queued'));
    await fleet.worker.publish(started(first, 1));
    await until(() => seen.some(({ type }) => type === 'started'));
    const preview = 'data:image/jpeg;base64,AAAA';
    await fleet.worker.progress({ type: 'progress', id, redrive: 0, attempt: 1, step: 2, steps: 5, preview });
    await until(() => seen.some(({ type }) => type === 'progress'));
    expect((await fleet.a.client.getImage(id)).progress).toEqual({ attempt: 1, step: 2, steps: 5 });
    const second = failed(first, 1);
    await fleet.worker.publish(second);
    await until(() => seen.some(({ type }) => type === 'retrying'));
    await fleet.worker.finish(second);
    await following;

    expect(seen.map(({ type }) => type)).toEqual([
      'queued',
      'started',
      'progress',
      'retrying',
      'started',
      'completed',
    ]);
    expect(seen[2]).toMatchObject({ data: { step: 2, steps: 5, preview } });
    expect(seen.at(-1)).toMatchObject({ data: { image: { status: 'completed', attempt: 2 } } });

    const rest: string[] = [];
    const lastEventId = String(seen[3]?.eventId);
    for await (const { type } of fleet.b.client.events(id, { lastEventId })) rest.push(type);
    expect(rest).toEqual(['started', 'completed']);

    const end = { 'last-event-id': String(seen.at(-1)?.eventId) };
    expect((await fetch(`${fleet.b.url}/images/${id}/events`, { headers: end })).status).toBe(204);
  });
});

describe('cancelling', () => {
  it('ends a waiting job, once', async () => {
    const { id } = await fleet.a.client.createImage(SEED_REQUEST);
    expect(await fleet.b.client.cancelImage(id)).toMatchObject({ id, status: 'cancelled' });
    const again = await fleet.b.client.cancelImage(id).catch((error: unknown) => error);
    expect(again).toMatchObject({ status: 409, message: 'The job is already cancelled' });
  });

  it('comes too late for a finished one', async () => {
    const { id } = await fleet.a.client.createImage(SEED_REQUEST);
    await fleet.worker.finish(await requestOf(fleet.a.view, id));
    await until(async () => (await fleet.a.client.getImage(id)).status === 'completed');
    await expect(fleet.a.client.cancelImage(id)).rejects.toMatchObject({ status: 409 });
  });
});

describe('dead letters', () => {
  it('are listed with their reason and go back in line', async () => {
    const id = await buried();
    await fleet.b.view.caughtUp(10_000);
    const { images, total } = await fleet.b.client.deadLetters();
    expect([images[0]?.id, total]).toEqual([id, 1]);
    expect(images[0]).toMatchObject({
      error: { code: 'engine_failed', message: 'it broke' },
      failures: [{ attempt: 1, code: 'engine_failed' }],
    });
    expect(await fleet.b.client.redrive(id)).toMatchObject({ id, redrive: 1 });
    expect(await fleet.b.client.getImage(id)).toMatchObject({
      status: 'queued',
      redrive: 1,
      failures: [],
      error: null,
    });
    await expect(fleet.b.client.redrive(id)).rejects.toMatchObject({ status: 409 });
  });

  it('go back in line all at once', async () => {
    const ids = [await buried(), await buried(), await buried()];
    expect(await fleet.a.client.redriveAll()).toMatchObject({ redriven: 3, remaining: 0 });
    for (const id of ids)
      expect(await fleet.a.client.getImage(id)).toMatchObject({ status: 'queued', redrive: 1 });
    expect(await fleet.a.client.redriveAll()).toEqual({ redriven: 0, remaining: 0, receipts: [] });
  });
});

describe('Idempotency-Key', () => {
  it('gives the same job for the same request, on either replica, and its receipt', async () => {
    const options = { idempotencyKey: 'same' };
    const first = await fleet.a.client.createImage(SEED_REQUEST, options);
    expect(first.receipt).toMatchObject({ id: first.id });
    expect(await fleet.a.client.createImage(SEED_REQUEST, options)).toEqual(first);
    expect(await fleet.b.client.createImage(SEED_REQUEST, options)).toEqual(first);
  });

  it('is refused for another request', async () => {
    const options = { idempotencyKey: 'other' };
    await fleet.a.client.createImage(SEED_REQUEST, options);
    const other = { ...SEED_REQUEST, metadata: { grouping: 'else' } };
    const refused = await fleet.b.client.createImage(other, options).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ApiError);
    expect(refused).toMatchObject({ status: 422, problem: { errors: [{ path: 'Idempotency-Key' }] } });
  });

  it('makes one job of many requests that come at once on both replicas', async () => {
    const body = { ...SEED_REQUEST, metadata: { grouping: 'race' } };
    const clients = Array.from({ length: 20 }, (_, index) =>
      index % 2 === 0 ? fleet.a.client : fleet.b.client,
    );
    const answers = await Promise.all(
      clients.map((client) => client.createImage(body, { idempotencyKey: 'race' })),
    );
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    await fleet.a.view.caughtUp(10_000);
    const live = fleet.a.view.jobs(
      { grouping: 'race', status: ['queued', 'running'] },
      { limit: 10, offset: 0 },
    );
    expect(live.map(({ id }) => id)).toEqual([answers[0]?.id]);
  });

  it.each(['a b', 'x'.repeat(256)])('is refused when it is %p', async (idempotencyKey) => {
    await expect(fleet.a.client.createImage(SEED_REQUEST, { idempotencyKey })).rejects.toMatchObject({
      status: 422,
    });
  });
});

describe('a recent id', () => {
  it('is found by the replica that did not make it, at once', async () => {
    for (let round = 0; round < 20; round += 1) {
      const { id } = await fleet.a.client.createImage(SEED_REQUEST);
      expect((await fleet.b.client.getImage(id)).id).toBe(id);
    }
  });
});
