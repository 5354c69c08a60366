import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const page = read('docs/operations/trino.md');
const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, text = '']) => text);

/** Values that are of the place and not of the setting. */
const OF_THE_PLACE = /url$|dir$|endpoint$|port$|path$|files$|key$|secret$|insecure-over-http$/;

describe('docs/operations/trino.md', () => {
  it('shows the access rules that the tests run with', () => {
    expect(blocks('json').map((text) => JSON.parse(text))).toEqual([
      JSON.parse(read('tools/provision/trino-access-rules.json')),
    ]);
  });

  it('shows settings that the tests run with', () => {
    const scripts = read('tools/provision/trino.sh') + read('tools/provision/pulsar.sh');
    const settings = blocks('properties').flatMap((text) => text.trim().split('\n'));
    expect(settings.length).toBeGreaterThan(15);
    for (const setting of settings) {
      const [key = ''] = setting.split('=');
      expect(scripts).toContain(OF_THE_PLACE.test(key) ? `${key}=` : setting);
    }
  });
});
