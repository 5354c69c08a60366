import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { buildWeb } from './build.ts';

/** All that a first visit transfers. */
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
    const assets = [...html.matchAll(/(?:src|href)="([^"#:]+\.(?:js|css|svg))"/g)].map(
      (match) => match[1] ?? '',
    );
    // the icon, the style sheet, the script, and what the script shares with parts that come later
    expect(assets.length).toBeGreaterThanOrEqual(4);
    const files = await Promise.all(assets.map((path) => readFile(join(dist, path))));
    const compressed = assets.map((path) => (path.endsWith('.svg') ? path : `${path}.gz`));
    const sent = await Promise.all(['index.html', ...compressed].map((path) => stat(join(dist, path))));
    const bytes = sent.reduce((sum, { size }) => sum + size, 0);
    expect(bytes).toBeLessThan(MAX_BYTES);
    expect(html).not.toMatch(/<script(?![^>]* src=)|<style|\son\w+=|%[A-Z]+%/);
    expect(files.map(String).join()).not.toMatch(/(?:url\(|import\(|fetch\()["']?https?:/);
  });

  it.each([
    // each is known by a text that only it has
    ['the editor', 'cm-editor', 160_000],
    ['the jobs', 'job-table', 15_000],
    ['the charts', 'outcomes-per-hour', 8_000],
  ])('leaves %s to those who open it', async (_name, mark, maxBytes) => {
    const dist = await buildWeb();
    const html = await readFile(join(dist, 'index.html'), 'utf8');
    const scripts = (await readdir(join(dist, 'assets'))).filter((name) => name.endsWith('.js'));
    const texts = new Map<string, string>();
    for (const name of scripts) texts.set(name, await readFile(join(dist, 'assets', name), 'utf8'));
    const marked = scripts.filter((name) => texts.get(name)?.includes(mark));
    expect(marked).toHaveLength(1);
    const [part = ''] = marked;
    expect(html).not.toContain(part);
    expect(gzipSync(texts.get(part) ?? '').length).toBeLessThan(maxBytes);
  });
});
