/**
 * Normally distributed numbers from a seed: SplitMix64 (Steele, Lea and Flood 2014) for the bits, Box and
 * Muller (1958) for the shape. Seeds up to 2^53 − 1 all give different streams.
 */
export class Noise {
  #state: bigint;
  #spare: number | undefined;

  constructor(seed: number) {
    this.#state = BigInt.asUintN(64, BigInt(seed));
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
    const radius = Math.sqrt(-2 * Math.log(1 - this.#uniform()));
    const angle = 2 * Math.PI * this.#uniform();
    this.#spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** In [0, 1), 53 bits. */
  #uniform(): number {
    this.#state = BigInt.asUintN(64, this.#state + 0x9e3779b97f4a7c15n);
    let z = this.#state;
    z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    z ^= z >> 31n;
    return Number(z >> 11n) / 2 ** 53;
  }
}
