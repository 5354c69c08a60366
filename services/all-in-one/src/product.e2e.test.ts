import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { SEED_REQUEST } from '../../../packages/client/test/seed-request.ts';
import { dataFolder, type Product, startProduct } from '../test/product.ts';

interface ImageBody {
  readonly id: string;
  readonly status: string;
  readonly image_url: string | null;
  readonly image_urls: readonly string[];
  readonly generation_settings: Record<string, unknown>;
  readonly metadata: Record<string, string>;
}

const { generation_settings: settings, metadata: seedMetadata } = SEED_REQUEST;

async function post(url: string, change: Record<string, unknown> = {}): Promise<string> {
  const response = await fetch(`${url}/images/`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ generation_settings: { ...settings, ...change }, metadata: seedMetadata }),
  });
  expect(response.status).toBe(202);
  return ((await response.json()) as { id: string }).id;
}

async function get(url: string, id: string): Promise<ImageBody> {
  const response = await fetch(`${url}/images/${id}`);
  expect(response.status).toBe(200);
  return (await response.json()) as ImageBody;
}

async function until(url: string, id: string, status: string): Promise<ImageBody> {
  for (let tries = 0; tries < 600; tries += 1) {
    const image = await get(url, id);
    if (image.status === status) return image;
    await sleep(100);
  }
  throw new Error(`job ${id} did not become ${status}`);
}

describe('the product on one command', () => {
  const folder = dataFolder();
  let product: Product;

  beforeAll(async () => {
    product = await startProduct(folder.path);
  }, 240_000);
  afterAll(async () => {
    await product?.end('SIGTERM');
    folder.remove();
  });

  it('answers /health as the seed does', async () => {
    for (const path of ['/health', '/health/']) {
      const response = await fetch(product.url + path);
      expect(response.status).toBe(200);
      expect(await response.json()).toEqual({ status: 'ok' });
    }
  });

  it('makes the picture of the seed request and echoes settings and metadata exactly', async () => {
    const id = await post(product.url);
    const image = await until(product.url, id, 'completed');
    expect(image.generation_settings).toEqual(settings);
    expect(image.metadata).toEqual(seedMetadata);
    expect(image.image_url).toContain(`${id}.jpg`);
    const file = await fetch(image.image_url ?? '');
    expect(file.headers.get('content-type')).toBe('image/jpeg');
    const metadata = await sharp(Buffer.from(await file.arrayBuffer())).metadata();
    expect([metadata.format, metadata.width, metadata.height]).toEqual(['jpeg', 512, 512]);
  });

  it('makes batch_size × n_iters images, the same again for the same request', async () => {
    const change = { batch_size: '2', n_iters: 2, width: 128, height: 64, steps: 2, format: 'png' };
    const [a, b] = await Promise.all([post(product.url, change), post(product.url, change)]);
    const images = await Promise.all([a, b].map((id) => until(product.url, id, 'completed')));
    const files = await Promise.all(
      images.flatMap(({ image_urls }) => image_urls).map(async (url) => (await fetch(url)).arrayBuffer()),
    );
    expect(files).toHaveLength(8);
    const [first, second, , , again] = await Promise.all(
      files.map((file) => sharp(Buffer.from(file)).raw().toBuffer()),
    );
    expect(first?.equals(again ?? Buffer.alloc(0))).toBe(true);
    expect(first?.equals(second ?? Buffer.alloc(0))).toBe(false);
    expect(first).toHaveLength(128 * 64 * 3);
  });

  it('stops a running job within a step when it is cancelled', async () => {
    const id = await post(product.url, { steps: 150, batch_size: 8 });
    await until(product.url, id, 'running');
    const response = await fetch(`${product.url}/images/${id}`, { method: 'DELETE' });
    expect(response.ok).toBe(true);
    await until(product.url, id, 'cancelled');
    const next = await post(product.url, { steps: 1 });
    await until(product.url, next, 'completed');
    expect((await get(product.url, id)).status).toBe('cancelled');
  });

  it('finishes a job that was interrupted with Ctrl-C in the middle, after the next start', async () => {
    const id = await post(product.url, { steps: 100, batch_size: 2 });
    await until(product.url, id, 'running');
    expect(await product.end('SIGINT')).toBe(0);
    product = await startProduct(folder.path);
    const image = await until(product.url, id, 'completed');
    expect(image).toMatchObject({ id, status: 'completed', failures: [] });
    expect(image.image_urls).toHaveLength(2);
  });

  it('finishes a job whose process was killed, at the price of one attempt', async () => {
    const id = await post(product.url, { steps: 100, batch_size: 2 });
    await until(product.url, id, 'running');
    expect(await product.end('SIGKILL')).toBeNull();
    product = await startProduct(folder.path);
    expect(await until(product.url, id, 'completed')).toMatchObject({ attempt: 2 });
  });
});
