import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { buildWeb } from './build.ts';

/** All that a first visit transfers, compressed. */
const MAX_BYTES = 40_000;

describe('buildWeb', () => {
  it('gives the same finished folder to everybody who asks at once', async () => {
    const folders = await Promise.all([buildWeb(), buildWeb(), buildWeb()]);
    expect(new Set(folders).size).toBe(1);
    expect((await readdir(folders[0] ?? '')).sort()).toEqual(['assets', 'favicon.svg', 'index.html']);
  });

  it('makes a small page without anything inline or from elsewhere', async () => {
    const dist = await buildWeb();
    const html = await readFile(join(dist, 'index.html'), 'utf8');
    const assets = [...html.matchAll(/(?:src|href)="(\/[^"]+\.(?:js|css|svg))"/g)].map(
      (match) => match[1] ?? '',
    );
    expect(assets).toHaveLength(3);
    const files = await Promise.all(assets.map((path) => readFile(join(dist, path))));
    const bytes = [Buffer.from(html), ...files].reduce((sum, file) => sum + gzipSync(file).length, 0);
    expect(bytes).toBeLessThan(MAX_BYTES);
    expect(html).not.toMatch(/<script(?![^>]* src=)|<style|\son\w+=|%[A-Z]+%/);
    expect(files.map(String).join()).not.toMatch(/(?:url\(|import\(|fetch\()["']?https?:/);
  });
});
