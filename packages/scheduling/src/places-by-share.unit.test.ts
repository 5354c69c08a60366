import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PlacesByShare } from './places-by-share.ts';

describe('PlacesByShare', () => {
  it('counts of each tenant as many as the asking one has ahead, or all that it has', () => {
    const step = fc.record({ tenant: fc.nat(5), leaves: fc.boolean() });
    const asked = fc.array(fc.nat(300), { minLength: 1 });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 600, size: 'max' }), asked, (steps, aheads) => {
        const places = new PlacesByShare();
        const sizes = [0, 0, 0, 0, 0, 0];
        for (const { tenant, leaves } of steps) {
          const size = sizes[tenant] ?? 0;
          if (!leaves) places.grew(size + 1);
          else if (size > 0) places.shrank(size);
          sizes[tenant] = leaves ? Math.max(0, size - 1) : size + 1;
        }
        for (const ahead of aheads) {
          expect(places.before(ahead)).toBe(sizes.reduce((sum, size) => sum + Math.min(size, ahead), 0));
        }
      }),
    );
  });
});
