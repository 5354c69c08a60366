import { execFileSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { curlOf, sameAgain } from './curl.ts';

/** What a shell makes of a command's words. */
function wordsOf(command: string): string[] {
  const script = `curl() { printf '%s\\0' "$@"; }; ${command}`;
  const env = { GENFLEET_TOKEN: 'secret' };
  return execFileSync('sh', ['-c', script], { encoding: 'utf8', env }).split('\0').slice(0, -1);
}

describe('curlOf', () => {
  it.each(["it's a $HOME `id` \"q\" \\n ! 'x'", 'دائرة 丸', 'two\nlines'])(
    'gives a shell %j unharmed',
    (prompt) => {
      const words = wordsOf(curlOf('http://127.0.0.1:8000/images/', { prompt }, false));
      const [, url, , type, , body] = words;
      expect([url, type]).toEqual(['http://127.0.0.1:8000/images/', 'Content-Type: application/json']);
      expect(JSON.parse(body ?? '')).toEqual({ prompt });
    },
  );

  it('names a token by its variable alone', () => {
    const command = curlOf("http://h/it's/images/", {}, true);
    expect(command).toContain('$GENFLEET_TOKEN');
    expect(wordsOf(command)).toEqual(
      expect.arrayContaining(["http://h/it's/images/", 'Authorization: Bearer secret']),
    );
  });
});

it('asks for the same picture without what every job is like', () => {
  const generation_settings = { prompt: 'p', seed: 7 } as never;
  expect(sameAgain({ generation_settings, metadata: {}, priority: 'normal' })).toEqual({
    generation_settings,
  });
  const metadata = { grouping: 'g' };
  expect(sameAgain({ generation_settings, metadata, priority: 'low' })).toEqual({
    generation_settings,
    metadata,
    priority: 'low',
  });
});
