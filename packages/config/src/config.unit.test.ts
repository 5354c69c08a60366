import { readFileSync } from 'node:fs';
import { GenfleetError } from '@genfleet/job';
import { describe, expect, it } from '@jest/globals';
import { readConfig, topicPolicy, viewWindows } from './config.ts';

describe('readConfig', () => {
  it('puts everything under DATA_DIR when nothing else is said', () => {
    const config = readConfig({ DATA_DIR: '/srv/genfleet' });
    expect(config.BUS_URL).toBe('sqlite:/srv/genfleet/fleet.db');
    expect(config.ARTIFACTS_URL).toBe('file:/srv/genfleet/artifacts');
    expect(config.HOST).toBe('127.0.0.1');
    expect(config.RETRY_BACKOFF_MS).toEqual([1_000, 5_000, 25_000]);
  });

  it('puts the archive beside the artifacts, and keeps topics for ever, when nothing else is said', () => {
    const config = readConfig({ ARTIFACTS_URL: 's3://bucket/made/' });
    expect(config.ARCHIVE_URL).toBe('s3://bucket/made/archive');
    expect(readConfig({ ARCHIVE_URL: 'file:/srv/archive' }).ARCHIVE_URL).toBe('file:/srv/archive');
    expect(topicPolicy(config).retentionMs).toBe(Number.POSITIVE_INFINITY);
    expect(topicPolicy(readConfig({ RETENTION_DAYS: '21' })).retentionMs).toBe(21 * 86_400_000);
    expect(() => readConfig({ ARCHIVE_URL: '/srv/archive' })).toThrow(/ARCHIVE_URL="\/srv\/archive": wanted/);
    expect(() => readConfig({ ARCHIVE_INTERVAL_SECONDS: '7200' })).toThrow(/ARCHIVE_INTERVAL_SECONDS="7200"/);
  });

  it('treats an empty variable as one that is not set', () => {
    expect(readConfig({ PORT: '' }).PORT).toBe(8_000);
  });

  it('names every fault at once, with what was given', () => {
    const read = () => readConfig({ PORT: 'http', BUS_URL: 'kafka://x', LOG_LEVEL: 'loud' });
    expect(read).toThrow(GenfleetError);
    expect(read).toThrow(/PORT="http"[\s\S]*BUS_URL="kafka:\/\/x"|BUS_URL="kafka:\/\/x"[\s\S]*PORT="http"/);
    expect(read).toThrow(/LOG_LEVEL="loud"/);
  });

  it('never prints a secret', () => {
    expect(() => readConfig({ WEBHOOK_SECRET: 'hunter2' })).toThrow(/WEBHOOK_SECRET=\(hidden\)/);
    expect(() => readConfig({ WEBHOOK_SECRET: 'hunter2' })).not.toThrow(/hunter2/);
  });

  it('takes ids of operators, and prints none: what stands there may be a token', () => {
    const { OPERATORS } = readConfig({ AUTH: 'gitlab', OPERATORS: ' 0123456789ABCDEF, *,' });
    expect(OPERATORS).toEqual(['0123456789ABCDEF', '*']);
    expect(readConfig({}).OPERATORS).toEqual([]);
    const wrong = () => readConfig({ AUTH: 'gitlab', OPERATORS: 'glpat-hunter2' });
    expect(wrong).toThrow(/OPERATORS=\(hidden\): wanted: ids of callers/);
    expect(wrong).not.toThrow(/hunter2/);
  });

  it('takes the header of a proxy that names tenants, and no other word for who calls beside it', () => {
    const given = readConfig({ TENANT_HEADER: 'X-Tenant', OPERATORS: 'team-a' });
    expect([given.TENANT_HEADER, given.OPERATORS]).toEqual(['X-Tenant', ['team-a']]);
    expect(() => readConfig({ TENANT_HEADER: 'x tenant' })).toThrow(
      /TENANT_HEADER="x tenant": wanted: the name/,
    );
    expect(() => readConfig({ TENANT_HEADER: 'X-Tenant', AUTH: 'gitlab' })).toThrow(
      /TENANT_HEADER="X-Tenant"/,
    );
  });

  it('takes weights of tenants', () => {
    expect(readConfig({ TENANT_WEIGHTS: 'a=3, b=0.5' }).TENANT_WEIGHTS).toEqual({ a: 3, b: 0.5 });
    expect(readConfig({}).TENANT_WEIGHTS).toEqual({});
    for (const wrong of ['a', 'a=0', 'a=-1', 'a=1;b=2']) {
      expect(() => readConfig({ TENANT_WEIGHTS: wrong })).toThrow(/TENANT_WEIGHTS/);
    }
  });

  it('takes the windows of the views in hours, 0 for all jobs', () => {
    expect(viewWindows(readConfig({}))).toEqual({ txt2img: undefined, completion: 86_400_000 });
    const given = readConfig({ IMAGES_VIEW_HOURS: '720', COMPLETIONS_VIEW_HOURS: '0.5' });
    expect(viewWindows(given)).toEqual({ txt2img: 2_592_000_000, completion: 1_800_000 });
    expect(() => readConfig({ IMAGES_VIEW_HOURS: '-1' })).toThrow(/IMAGES_VIEW_HOURS="-1"/);
  });

  it.each(['True', 'true', 'TRUE', '1'])('takes %s for yes, and its opposite for no', (yes) => {
    const no = { True: 'False', true: 'false', TRUE: 'FALSE', '1': '0' }[yes];
    expect(readConfig({ BYPASS_EXTERNAL_AUTH: yes }).BYPASS_EXTERNAL_AUTH).toBe(true);
    expect(readConfig({ TRITON_VERBOSITY: no }).TRITON_VERBOSITY).toBe(false);
    expect(() => readConfig({ TRITON_VERBOSITY: 'yes' })).toThrow(
      /TRITON_VERBOSITY="yes": wanted: true or false/,
    );
  });

  it("understands FauxPilot's environment to the letter", () => {
    const env = {
      API_EXTERNAL_PORT: '5001',
      TRITON_HOST: 'triton',
      TRITON_PORT: '8001',
      TRITON_VERBOSITY: 'False',
      DOCS_URL: 'None',
      OPENAPI_URL: 'None',
      REDOC_URL: 'None',
      BYPASS_EXTERNAL_AUTH: 'False',
      GITLAB_API_URL: 'https://gitlab.com/api/v4/',
      USE_LOCAL_CACHE: 'True',
    };
    expect(readConfig(env)).toMatchObject({
      PORT: 5_001,
      TRITON_HOST: 'triton',
      TRITON_PORT: 8_001,
      TRITON_VERBOSITY: false,
      DOCS_URL: undefined,
      OPENAPI_URL: undefined,
      REDOC_URL: undefined,
      AUTH: 'gitlab',
      BYPASS_EXTERNAL_AUTH: false,
      GITLAB_API_URL: 'https://gitlab.com/api/v4/',
      USE_LOCAL_CACHE: true,
    });
    expect(readConfig({ ...env, PORT: '5002' }).PORT).toBe(5_002);
    expect(readConfig({ ...env, PORT: '0' }).PORT).toBe(0);
  });

  it('checks tokens as soon as GitLab is named, and not before', () => {
    expect(readConfig({}).AUTH).toBe('none');
    expect(readConfig({ GITLAB_API_URL: 'http://127.0.0.1:3000/api/v4' })).toMatchObject({
      AUTH: 'gitlab',
      GITLAB_API_URL: 'http://127.0.0.1:3000/api/v4/',
    });
    expect(readConfig({ BYPASS_EXTERNAL_AUTH: 'False' }).AUTH).toBe('gitlab');
    expect(readConfig({ BYPASS_EXTERNAL_AUTH: 'False', AUTH: 'none' }).AUTH).toBe('none');
  });

  it('keeps answers in Redis where there is one, unless told otherwise', () => {
    const REDIS_URL = 'redis://cache:6379';
    expect(readConfig({}).USE_LOCAL_CACHE).toBe(true);
    expect(readConfig({ REDIS_URL }).USE_LOCAL_CACHE).toBe(false);
    expect(readConfig({ REDIS_URL, USE_LOCAL_CACHE: 'True' }).USE_LOCAL_CACHE).toBe(true);
    expect(() => readConfig({ USE_LOCAL_CACHE: 'False' })).toThrow(/USE_LOCAL_CACHE="False": .*REDIS_URL/);
  });

  it('serves pages where they are wanted, each at a path of its own', () => {
    expect(readConfig({})).toMatchObject({
      DOCS_URL: '/docs',
      OPENAPI_URL: '/openapi.json',
      REDOC_URL: '/redoc',
    });
    expect(readConfig({ DOCS_URL: '/api/help/' }).DOCS_URL).toBe('/api/help');
    expect(() => readConfig({ DOCS_URL: '/redoc' })).toThrow(/DOCS_URL="\/redoc": .*REDOC_URL/);
    for (const wrong of ['docs', '/', '/a b', '/../x?', '//x', '/images', '/v1/docs', 'https://docs.test']) {
      expect(() => readConfig({ DOCS_URL: wrong })).toThrow(/DOCS_URL=/);
    }
  });

  it('answers SQL from DuckDB on an embedded bus, and on a fleet from what is named', () => {
    expect(readConfig({})).toMatchObject({ LEDGER_URL: 'duckdb:', LEDGER_QUERY: true });
    const fleet = { BUS_URL: 'pulsar://broker:6650' };
    expect(readConfig(fleet).LEDGER_URL).toBeUndefined();
    expect(readConfig({ ...fleet, LEDGER_URL: 'trino://trino:8080' }).LEDGER_URL).toBe('trino://trino:8080');
    expect(readConfig({ ...fleet, LEDGER_URL: 'duckdb:/var/ledger' }).LEDGER_URL).toBe('duckdb:/var/ledger');
    expect(readConfig({ LEDGER_QUERY: 'False' }).LEDGER_QUERY).toBe(false);
  });

  it.each([
    ['LEDGER_URL', 'postgres://hunter2@db'],
    ['GITLAB_API_URL', 'gitlab.com/api/v4'],
    ['GITLAB_API_URL', 'ftp://gitlab.com/api/v4'],
    ['GITLAB_API_URL', 'https://me:hunter2@gitlab.com/api/v4'],
    ['GITLAB_API_URL', 'https://gitlab.com/api/v4?private_token=hunter2'],
    ['REDIS_URL', 'http://:hunter2@cache'],
    ['REDIS_URL', 'redis://:hunter2@cache:port'],
    ['TRITON_HOST', 'grpc://triton'],
    ['TRITON_HOST', 'triton:8001'],
    ['TRITON_PORT', '0'],
    ['RATE_LIMIT_PER_MINUTE', '-1'],
    ['API_EXTERNAL_PORT', '70000'],
    ['AUTH', 'GitHub'],
  ])('names %s when it is %s, and no password', (name, value) => {
    const read = () => readConfig({ [name]: value });
    expect(read).toThrow(new RegExp(`^The environment is not valid:\n  ${name}=[^\n ]+:? (wanted: |is ).+$`));
    expect(read).not.toThrow(/hunter2/);
  });

  it('is documented: every variable, and no other', () => {
    const source = readFileSync(new URL('./config.ts', import.meta.url), 'utf8');
    const read = [...source.matchAll(/^ {2}([A-Z][A-Z0-9_]+):/gm)].map(([, name]) => name);
    const page = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
    const documented = [...page.matchAll(/^\| `([A-Z][A-Z0-9_]+)`/gm)].map(([, name]) => name);
    expect(read.length).toBeGreaterThan(20);
    expect(documented.sort()).toEqual(read.sort());
  });
});
