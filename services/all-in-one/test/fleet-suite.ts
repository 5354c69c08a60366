import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, createClient, type Image, type NewImage } from '@genfleet/client';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { SEED_REQUEST } from '../../../packages/client/test/seed-request.ts';
import { auditLedger } from './audit.ts';
import { cornersOf } from './corners.ts';
import { processes, setUp, startApi, startWorker } from './services.ts';

const MINUTES_MS = 10 * 60_000;
const ENDS: ReadonlySet<string> = new Set<Image['status']>(['completed', 'dead', 'cancelled']);

const { generation_settings: SEED_SETTINGS } = SEED_REQUEST;

export interface FleetUnderTest {
  readonly workers: number;
  /** What the API needs, what a worker needs; asked for once the real parts are there. */
  env(): Promise<Record<string, string>>;
  /** Makes a model of this name known to the engine; absent where the engine has but one. */
  addModel?(name: string): void;
}

/** `genfleet setup`, one API process, worker processes: what a client sees of them, over HTTP. */
export function describeFleet(title: string, fleet: FleetUnderTest): void {
  describe(title, () => {
    const { started, killAll } = processes();
    /** Taken by the API, and with no worker until it is added. */
    const lateModel = `late-${randomUUID()}`;
    let env: Record<string, string>;
    let url: string;
    let client: Client;

    beforeAll(async () => {
      env = { ...(await fleet.env()), MODELS: lateModel };
      const { code, output } = await setUp(env);
      expect({ code, output }).toMatchObject({ code: 0 });
      const [api] = await Promise.all([
        started(startApi(env)),
        ...Array.from({ length: fleet.workers }, () => started(startWorker(env))),
      ]);
      url = api.url;
      client = createClient({ baseUrl: url });
      await known('genfleet-demo');
    }, MINUTES_MS);
    afterAll(killAll);

    /** Until the API has read what the workers announced. */
    async function known(model: string): Promise<void> {
      for (let tries = 0; tries < 600; tries += 1) {
        if ((await client.models()).some(({ name }) => name === model)) return;
        await sleep(100);
      }
      throw new Error(`${model} was not announced`);
    }

    async function post(change: Partial<NewImage['generation_settings']> = {}): Promise<string> {
      const generation_settings = { ...SEED_SETTINGS, ...change };
      const { id } = await client.createImage({ generation_settings, metadata: { grouping: 'e2e' } });
      return id;
    }

    async function until(id: string, status: Image['status'], redrive = 0): Promise<Image> {
      for (let tries = 0; tries < 1_200; tries += 1) {
        const image = await client.getImage(id);
        if (image.status === status && image.redrive === redrive) return image;
        if (image.redrive === redrive && ENDS.has(image.status))
          throw new Error(`job ${id} did not become ${status}: ${JSON.stringify(image)}`);
        await sleep(100);
      }
      throw new Error(`job ${id} did not become ${status} in time`);
    }

    async function download(image: Image): Promise<Buffer[]> {
      return Promise.all(
        image.image_urls.map(async (address) => {
          const file = await fetch(address);
          expect(file.status).toBe(200);
          return Buffer.from(await file.arrayBuffer());
        }),
      );
    }

    it(
      'completes the request of the seed; its picture comes from the store by a signed address',
      async () => {
        const id = await post();
        const image = await until(id, 'completed');
        expect(image).toMatchObject({ attempt: 1, failures: [], metadata: { grouping: 'e2e' } });
        expect(image.generation_settings).toEqual(SEED_SETTINGS);
        const address = new URL(image.image_url ?? '');
        expect(address.origin).toBe(env['S3_ENDPOINT']);
        expect(address.pathname).toMatch(new RegExp(`/images/${id}\\.jpg$`));
        const unsigned = await fetch(address.origin + address.pathname);
        expect(unsigned.status).toBe(403);
        const [file = Buffer.alloc(0)] = await download(image);
        const { format, width, height, exif } = await sharp(file).metadata();
        expect([format, width, height]).toEqual(['jpeg', 512, 512]);
        expect(exif?.toString('latin1')).toContain(JSON.stringify(SEED_SETTINGS));
      },
      MINUTES_MS,
    );

    it(
      'makes every image asked for, of its size, with its own seed inside',
      async () => {
        const id = await post({ batch_size: 2, n_iters: 2, width: 192, height: 128, format: 'png' });
        const files = await download(await until(id, 'completed'));
        expect(files).toHaveLength(4);
        for (const [index, file] of files.entries()) {
          const { format, width, height } = await sharp(file).metadata();
          expect([format, width, height]).toEqual(['png', 192, 128]);
          expect(file.toString('latin1')).toContain(`"seed":${SEED_SETTINGS.seed + index}`);
        }
      },
      MINUTES_MS,
    );

    it.each(['white', 'blue', 'yellow'])(
      'draws on the %s background that the prompt asks for',
      async (colour) => {
        const prompt = `a red circle on a ${colour} background`;
        const id = await post({ prompt, batch_size: 2, steps: 20, cfg_scale: 4, width: 256, height: 256 });
        const files = await download(await until(id, 'completed'));
        const corners = (await Promise.all(files.map(cornersOf))).flat();
        // the demo model is small, and a shape may reach into a corner
        const right = corners.filter((seen) => seen === colour);
        if (right.length < 6) expect(corners).toEqual(corners.map(() => colour));
        expect(right.length).toBeGreaterThanOrEqual(6);
      },
      MINUTES_MS,
    );

    it(
      'stops a running job that is cancelled, and goes on with the next',
      async () => {
        const id = await post({ steps: 150, batch_size: 4 });
        await until(id, 'running');
        await client.cancelImage(id);
        await until(id, 'cancelled');
        const next = await post({ steps: 1, width: 64, height: 64 });
        await until(next, 'completed');
        expect(await client.getImage(id)).toMatchObject({ status: 'cancelled', image_url: null });
      },
      MINUTES_MS,
    );

    it(
      'refuses a model that nobody has with the list of those there are',
      async () => {
        await expect(post({ model: 'sdxl' })).rejects.toMatchObject({
          status: 422,
          problem: { errors: [{ message: expect.stringContaining('genfleet-demo') }] },
        });
      },
      MINUTES_MS,
    );

    it(
      'makes a dead letter at once of a job whose model is not with the worker; it can be redriven',
      async () => {
        const id = await post({ model: lateModel, steps: 2, width: 128, height: 128 });
        const dead = await until(id, 'dead');
        expect(dead.error).toMatchObject({ code: 'model_not_found' });
        expect(dead.error?.message).toContain('genfleet-demo');
        expect(dead.failures).toHaveLength(1);
        const { images } = await client.deadLetters();
        expect(images.map((image) => image.id)).toContain(id);
        fleet.addModel?.(lateModel);
        expect(await client.redrive(id)).toMatchObject({ id, redrive: 1 });
        await until(id, fleet.addModel ? 'completed' : 'dead', 1);
      },
      MINUTES_MS,
    );

    if (fleet.workers > 1) {
      it(
        'shares the jobs among its workers',
        async () => {
          const small = { steps: 10, width: 64, height: 64 };
          const ids = await Promise.all(Array.from({ length: 24 }, () => post(small)));
          for (const id of ids) await until(id, 'completed');
          const ledger = await auditLedger(env);
          const outcomes = ids.map((id) => ledger.get(id)?.state.outcome);
          const by = new Set(outcomes.map((end) => (end?.type === 'completed' ? end.event.worker : '')));
          expect(by.size).toBe(fleet.workers);
        },
        MINUTES_MS,
      );
    }
  });
}
