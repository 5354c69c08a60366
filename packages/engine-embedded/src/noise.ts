import { Uniform } from './uniform.ts';

/** Normally distributed numbers from a seed, by Box and Muller (1958). Different seeds give different streams. */
export class Noise {
  readonly #uniform: Uniform;
  #spare: number | undefined;

  constructor(seed: number) {
    this.#uniform = new Uniform(seed);
  }

  /** `count` independent standard normal numbers. */
  normal(count: number): Float32Array {
    const out = new Float32Array(count);
    for (let index = 0; index < count; index += 1) out[index] = this.#next();
    return out;
  }

  #next(): number {
    if (this.#spare !== undefined) {
      const spare = this.#spare;
      this.#spare = undefined;
      return spare;
    }
    // 1 − u lies in (0, 1], so that the logarithm is finite
    const radius = Math.sqrt(-2 * Math.log(1 - this.#uniform.next()));
    const angle = 2 * Math.PI * this.#uniform.next();
    this.#spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }
}
