import { readFileSync } from 'node:fs';
import { GenfleetError } from '@genfleet/job';
import { describe, expect, it } from '@jest/globals';
import { readConfig } from './config.ts';

describe('readConfig', () => {
  it('puts everything under DATA_DIR when nothing else is said', () => {
    const config = readConfig({ DATA_DIR: '/srv/genfleet' });
    expect(config.BUS_URL).toBe('sqlite:/srv/genfleet/fleet.db');
    expect(config.ARTIFACTS_URL).toBe('file:/srv/genfleet/artifacts');
    expect(config.HOST).toBe('127.0.0.1');
    expect(config.RETRY_BACKOFF_MS).toEqual([1_000, 5_000, 25_000]);
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

  it('is documented: every variable, and no other', () => {
    const source = readFileSync(new URL('./config.ts', import.meta.url), 'utf8');
    const read = [...source.matchAll(/^ {2}([A-Z][A-Z0-9_]+):/gm)].map(([, name]) => name);
    const page = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
    const documented = [...page.matchAll(/^\| `([A-Z][A-Z0-9_]+)`/gm)].map(([, name]) => name);
    expect(read.length).toBeGreaterThan(20);
    expect(documented.sort()).toEqual(read.sort());
  });
});
