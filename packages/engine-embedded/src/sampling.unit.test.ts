import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { likeliest, logProbabilities, nextToken } from './sampling.ts';
import { Uniform } from './uniform.ts';

const neutral = { temperature: 1, top_p: 1, presence_penalty: 0, frequency_penalty: 0 };
const logits = fc
  .array(fc.float({ min: -20, max: 20, noNaN: true }), { minLength: 1, maxLength: 40 })
  .map((values) => Float32Array.from(values));
const never = () => {
  throw new Error('no number was to be drawn');
};

/** How often each token comes out of many draws. */
function shares(values: Float32Array, settings: Partial<typeof neutral>, draws = 20_000): number[] {
  const uniform = new Uniform(11);
  const seen = Array<number>(values.length).fill(0);
  for (let n = 0; n < draws; n += 1) {
    const id = nextToken(values, new Map(), { ...neutral, ...settings }, () => uniform.next());
    seen[id] = (seen[id] ?? 0) + 1 / draws;
  }
  return seen;
}

describe('logProbabilities', () => {
  it('are those of one distribution, whatever is added to the logits', () => {
    fc.assert(
      fc.property(logits, fc.integer({ min: -50, max: 50 }), (values, offset) => {
        const logprobs = logProbabilities(values);
        expect(logprobs.reduce((sum, logprob) => sum + Math.exp(logprob), 0)).toBeCloseTo(1, 4);
        const moved = logProbabilities(values.map((value) => value + offset));
        for (const [id, logprob] of logprobs.entries()) expect(moved[id]).toBeCloseTo(logprob, 3);
      }),
    );
  });
});

describe('likeliest', () => {
  it('gives what sorting gives', () => {
    fc.assert(
      fc.property(logits, fc.integer({ min: 0, max: 20 }), (values, count) => {
        const sorted = [...values.entries()].sort(([a, x], [b, y]) => y - x || a - b);
        const expected = sorted.slice(0, count).map(([id, logprob]) => ({ id, logprob }));
        expect(likeliest(values, count)).toEqual(expected);
      }),
    );
  });
});

describe('nextToken', () => {
  it('takes the likeliest at temperature 0, without chance', () => {
    fc.assert(
      fc.property(logits, (values) => {
        const id = nextToken(values, new Map(), { ...neutral, temperature: 0 }, never);
        expect(id).toBe(likeliest(values, 1)[0]?.id);
      }),
    );
  });

  it('draws by the probabilities, sharpened or flattened by the temperature', () => {
    const values = Float32Array.of(Math.log(0.5), Math.log(0.3), Math.log(0.2));
    for (const [id, share] of [0.5, 0.3, 0.2].entries()) {
      expect(shares(values, {})[id]).toBeCloseTo(share, 1);
    }
    const squares = [0.25 / 0.38, 0.09 / 0.38, 0.04 / 0.38];
    for (const [id, share] of squares.entries()) {
      expect(shares(values, { temperature: 0.5 })[id]).toBeCloseTo(share, 1);
    }
  });

  it('draws only from the fewest tokens that have top_p together', () => {
    const values = Float32Array.of(Math.log(0.2), Math.log(0.5), Math.log(0.3));
    expect(shares(values, { top_p: 0.6 })[0]).toBe(0);
    expect(shares(values, { top_p: 0.6 })[2]).toBeCloseTo(0.375, 1);
    expect(shares(values, { top_p: 0.4 })).toEqual([0, expect.closeTo(1), 0]);
    expect(shares(values, { top_p: 0 })).toEqual([0, expect.closeTo(1), 0]);
  });

  it('never draws what sorting all tokens would leave out', () => {
    fc.assert(
      fc.property(
        logits,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 0.999_999, noNaN: true }),
        (values, topP, uniform) => {
          const id = nextToken(values, new Map(), { ...neutral, top_p: topP }, () => uniform);
          const logprobs = logProbabilities(values);
          // equal ones may stand in either order
          const before = logprobs.filter((logprob) => logprob > (logprobs[id] ?? 0) + 1e-3);
          const mass = before.reduce((sum, logprob) => sum + Math.exp(logprob), 0);
          expect(mass).toBeLessThan(topP + 1e-4);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('takes the penalties off as often as OpenAI says', () => {
    const values = Float32Array.of(3, 2.5, 0);
    const greedy = { ...neutral, temperature: 0 };
    const counts = new Map([
      [0, 2],
      [1, 1],
    ]);
    const next = (settings: object) => nextToken(values, counts, { ...greedy, ...settings }, never);
    expect(next({})).toBe(0);
    // 3 - 2 * 0.6 = 1.8 and 2.5 - 0.6 = 1.9
    expect(next({ frequency_penalty: 0.6 })).toBe(1);
    expect(next({ frequency_penalty: 0.4 })).toBe(0);
    // both lose the same, however often they came
    expect(next({ presence_penalty: 1 })).toBe(0);
    expect(next({ presence_penalty: 2, frequency_penalty: 1 })).toBe(2);
    expect(next({ frequency_penalty: -2 })).toBe(0);
    expect([...values]).toEqual([3, 2.5, 0]);
  });
});
