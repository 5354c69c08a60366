import { encodeEvent } from '@genfleet/job';
import { FIXED_LEDGER } from '@genfleet/ledger/contract';
import { describe, expect, it } from '@jest/globals';
import { archivedValue } from './without-prompts.ts';

const events = FIXED_LEDGER.map(({ event }) => event);

describe('what the archive keeps of a message', () => {
  it('is all of it, but what a person wrote to a text model', () => {
    for (const event of events) {
      const kept: unknown = JSON.parse(archivedValue(encodeEvent(event)));
      if (event.kind !== 'completion' || !('settings' in event)) {
        expect(kept).toEqual(event);
        continue;
      }
      const { prompts: _p, messages: _m, suffix: _s, user: _u, ...settings } = event.settings;
      expect(kept).toEqual({ ...event, settings: { ...settings, stop: [] } });
    }
  });

  it('is all of it where the request said so', () => {
    const event = { kind: 'completion', store: true, settings: { prompts: ['secret'], stop: ['x'] } };
    expect(JSON.parse(archivedValue(JSON.stringify(event)))).toEqual(event);
  });

  it.each(['store', 'kind'])('is none of the text where %s is not said', (field) => {
    const event = { kind: 'completion', store: false, settings: { prompts: ['secret'], suffix: 'secret' } };
    const { [field as 'kind']: _left, ...less } = event;
    expect(archivedValue(JSON.stringify(less))).not.toMatch(/secret/);
  });

  it('is JSON for every parser, whatever it was', () => {
    expect(archivedValue('{"a":"\\ud83d"}')).toBe('{"a":"�"}');
    expect(archivedValue('{"a":"😀","n":1e999}')).toBe('{"a":"😀","n":null}');
    expect(archivedValue('{\n"a":\n1}')).toBe('{"a":1}');
    for (const broken of ['', '{', 'x', `"${'x'.repeat(512 * 1_024)}"`]) {
      expect(archivedValue(broken)).toBe('null');
    }
  });
});
