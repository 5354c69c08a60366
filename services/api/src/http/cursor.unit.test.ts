import { newJobId } from '@genfleet/job';
import { describe, expect, it } from '@jest/globals';
import { cursorAfter, idInCursor } from './cursor.ts';

describe('a cursor', () => {
  it('gives back its id, and needs no encoding in a URL', () => {
    const id = newJobId(1_772_366_400_000);
    expect(idInCursor(cursorAfter(id))).toBe(id);
    expect(encodeURIComponent(cursorAfter(id))).toBe(cursorAfter(id));
  });

  it.each([
    '',
    'x',
    'AQ',
    `${cursorAfter(newJobId(1))}A`,
    `${cursorAfter(newJobId(1))}=`,
    'a'.repeat(23),
    '!'.repeat(23),
  ])('is none: %j', (text) => {
    expect(idInCursor(text)).toBeUndefined();
  });
});
