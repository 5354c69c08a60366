import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MemoryBus, MemoryView } from '../test/memory-fleet.ts';
import { MemoryArtifacts, type Replica, startReplica } from '../test/rig.ts';

/** What people and tools look at: documents, docs, metrics, the page. */

let replica: Replica;
let webDir: string;

beforeAll(async () => {
  webDir = await mkdtemp(join(tmpdir(), 'genfleet-web-'));
  await mkdir(join(webDir, 'assets'));
  await writeFile(join(webDir, 'index.html'), '<!doctype html><title>Genfleet</title>');
  await writeFile(join(webDir, 'assets', 'page-1a2b.js'), 'export {};');
  await writeFile(join(webDir, 'assets', 'page-1a2b.js.gz'), gzipSync('export {};'));
  const bus = new MemoryBus();
  replica = await startReplica(
    { bus, view: new MemoryView(bus), artifacts: new MemoryArtifacts() },
    { webDir },
  );
});
afterAll(async () => {
  await replica.api.stop();
  await rm(webDir, { recursive: true, force: true });
});

const get = (path: string) => fetch(`${replica.url}${path}`);

interface Document {
  openapi: string;
  tags: { name: string }[];
  paths: Record<string, Record<string, { tags: string[]; responses: object }>>;
  components: { schemas: Record<string, { required?: string[]; properties: Record<string, object> }> };
}

describe('/openapi.json', () => {
  it('describes every route with the schemas that are used', async () => {
    const document = (await (await get('/openapi.json')).json()) as Document;
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining([
        '/images/',
        '/images/{id}/',
        '/images/{id}/events',
        '/v1/images/generations',
        '/v1/completions',
        '/v1/chat/completions',
        '/v1/engines/{engine}/completions',
        '/v1/completions/{id}',
        '/v1/completions/{id}/events',
        '/v1/completions/{id}/feedback',
      ]),
    );
    const chapterOf = (path: string, method: string) => document.paths[path]?.[method]?.tags;
    expect(chapterOf('/v1/images/generations', 'post')).toEqual(['Images']);
    expect(chapterOf('/v1/models/{model}', 'get')).toEqual(['Models']);
    const used = Object.values(document.paths)
      .flatMap((item) => Object.values(item))
      .flatMap(({ tags }) => tags);
    expect(new Set(used)).toEqual(new Set(document.tags.map(({ name }) => name)));
    const settings = document.components.schemas['GenerationSettings'];
    expect(settings?.required).toEqual(['prompt']);
    expect(settings?.properties['width']).toMatchObject({
      type: 'integer',
      minimum: 64,
      maximum: 2_048,
      multipleOf: 8,
    });
    const { schemas } = document.components;
    expect(schemas['Image']?.properties).toHaveProperty('image_url');
    expect(schemas['CompletionRequest']?.required).toEqual(['model', 'prompt']);
    expect(schemas['EngineCompletionRequest']?.required).toEqual(['prompt']);
    expect(schemas['CompletionRequest']?.properties['logprobs']).toMatchObject({
      anyOf: [{ maximum: 5 }, {}],
    });
    expect(schemas['ChatCompletionRequest']?.required).toEqual(['model', 'messages']);
    expect(schemas['CompletionJob']?.properties).toHaveProperty('choices');
  });

  it('leads to routes that are there', async () => {
    const document = (await (await get('/openapi.json')).json()) as Document;
    for (const path of Object.keys(document.paths)) {
      const url = path
        .replace('{id}', '019a3c5e-7b40-7000-8000-000000000001')
        .replace(/\{(?:engine|model)\}/, 'm');
      const { status } = await fetch(replica.url + url, { method: 'OPTIONS' });
      expect([path, status]).toEqual([path, 204]);
    }
  });
});

describe('/docs', () => {
  it('comes with all its parts and asks for nothing from elsewhere', async () => {
    const response = await get('/docs');
    const page = await response.text();
    const parts = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, part]) => String(part));
    expect(parts).toHaveLength(4);
    for (const part of parts) {
      expect(part).toMatch(/^\/docs\//);
      expect([part, (await get(part)).status]).toEqual([part, 200]);
    }
    // whatever a script may try, the browser is told to stay here
    expect(response.headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(await (await get('/docs/start.js')).text()).toContain('validatorUrl: null');
    expect((await get('/docs/package.json')).status).toBe(404);
  });
});

describe('/redoc', () => {
  it('comes with all its parts, tells nobody who reads, and may load nothing from elsewhere', async () => {
    const response = await get('/redoc');
    const page = await response.text();
    const parts = [...page.matchAll(/(?:src|spec-url)="([^"]+)"/g)].map(([, part]) => String(part));
    expect(parts).toEqual(['/openapi.json', '/redoc/redoc.standalone.js']);
    for (const part of parts) expect([part, (await get(part)).status]).toEqual([part, 200]);
    expect(page).toContain('disable-telemetry="true"');
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'self'");
    expect(policy).not.toMatch(/https?:/);
    expect((await get('/redoc/package.json')).status).toBe(404);
  });
});

describe('the pages', () => {
  const OFF = { DOCS_URL: undefined, OPENAPI_URL: undefined, REDOC_URL: undefined };
  const DEFAULT = { DOCS_URL: '/docs', OPENAPI_URL: '/openapi.json', REDOC_URL: '/redoc' };
  const ALL = [...Object.values(DEFAULT), '/docs/start.js', '/redoc/redoc.standalone.js'];
  const statuses = async (settings: object, paths: readonly string[]) => {
    const bus = new MemoryBus();
    const parts = { bus, view: new MemoryView(bus), artifacts: new MemoryArtifacts() };
    const { api, url } = await startReplica(parts, { settings });
    const answers = await Promise.all(paths.map((path) => fetch(url + path, { redirect: 'manual' })));
    await api.stop();
    return answers.map(({ status }) => status);
  };

  it('are all off where the environment says None, and nothing leads to them', async () => {
    expect(await statuses(OFF, [...ALL, '/'])).toEqual(Array(6).fill(404));
    expect(await statuses(DEFAULT, [...ALL, '/'])).toEqual([...Array(5).fill(200), 302]);
  });

  it('are off each for itself; without the document there is nothing to show', async () => {
    expect(await statuses({ ...DEFAULT, DOCS_URL: undefined }, ALL)).toEqual([404, 200, 200, 404, 200]);
    expect(await statuses({ ...DEFAULT, REDOC_URL: undefined }, ALL)).toEqual([200, 200, 404, 200, 404]);
    expect(await statuses({ ...DEFAULT, OPENAPI_URL: undefined }, ALL)).toEqual(Array(5).fill(404));
  });

  it('are where they are wanted, with their parts', async () => {
    const moved = { DOCS_URL: '/help', OPENAPI_URL: '/help/openapi.json', REDOC_URL: '/help/read' };
    const parts = ['/help/start.js', '/help/swagger-ui.css', '/help/read/redoc.standalone.js'];
    expect(await statuses(moved, [...Object.values(moved), ...parts])).toEqual(Array(6).fill(200));
    expect(await statuses(moved, ALL)).toEqual(Array(5).fill(404));
  });
});

describe('/metrics', () => {
  it('counts by route pattern, not by path', async () => {
    await get('/images/019a3c5e-7b40-7000-8000-000000000001');
    const text = await (await get('/metrics')).text();
    expect(text).toContain('genfleet_http_requests_total{method="GET",route="/images/:id",status="404"}');
    expect(text).not.toContain('019a3c5e');
  });
});

describe('/', () => {
  it('is the page; its hashed parts may be kept for ever', async () => {
    const page = await get('/');
    expect(await page.text()).toContain('<title>Genfleet</title>');
    expect(page.headers.get('cache-control')).toBe('no-cache');
    expect((await get('/assets/page-1a2b.js')).headers.get('cache-control')).toContain('immutable');
    expect((await get('/assets/none.js')).status).toBe(404);
  });

  it.each([
    ['gzip, br', 'gzip'],
    ['identity', null],
  ])('gives its parts to who accepts %s as %s', async (accepted, encoding) => {
    const part = await fetch(`${replica.url}/assets/page-1a2b.js`, {
      headers: { 'accept-encoding': accepted },
    });
    expect(await part.text()).toBe('export {};');
    expect(part.headers.get('content-encoding')).toBe(encoding);
    expect(part.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(part.headers.get('vary')).toMatch(/accept-encoding/i);
    expect(part.headers.get('cache-control')).toContain('immutable');
  });
});

describe('/health', () => {
  it.each(['/health', '/health/', '/health/live'])('%s says exactly ok', async (path) => {
    const response = await get(path);
    expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }]);
  });
});
