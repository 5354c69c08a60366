/** The part of a Diffusers scheduler configuration that decides the numbers. */
export interface ScheduleConfig {
  readonly num_train_timesteps: number;
  readonly trained_betas: readonly number[];
  readonly prediction_type: 'v_prediction' | 'epsilon';
  readonly timestep_spacing: 'linspace' | 'leading' | 'trailing';
  readonly steps_offset: number;
}

/** Noise levels of the training timesteps, and how a run walks down them. */
export class Schedule {
  readonly config: ScheduleConfig;
  /** ᾱ of each training timestep: the share of the picture's variance, falling. */
  readonly alphasCumprod: Float64Array;

  constructor(config: ScheduleConfig) {
    this.config = config;
    let product = 1;
    this.alphasCumprod = Float64Array.from(config.trained_betas, (beta) => {
      product *= 1 - beta;
      return product;
    });
  }

  /**
   * The timesteps of a run, falling: "Common Diffusion Noise Schedules and Sample Steps are Flawed" (Lin et
   * al. 2023), table 2. `intervals` places them as a solver does that counts the end as a point of its own.
   */
  timesteps(steps: number, intervals = false): readonly number[] {
    const { num_train_timesteps: total, timestep_spacing: spacing, steps_offset: offset } = this.config;
    const index = Array.from({ length: steps }, (_, i) => i);
    switch (spacing) {
      case 'linspace': {
        const parts = intervals ? steps : steps - 1;
        if (parts === 0) return [0];
        const exact = index.map((i) => ((total - 1) * (parts - i)) / parts);
        return intervals ? exact.map(roundHalfEven) : exact;
      }
      case 'leading': {
        const ratio = Math.floor(total / (intervals ? steps + 1 : steps));
        return index.map((i) => (intervals ? steps - i : steps - 1 - i) * ratio + offset);
      }
      case 'trailing':
        return index.map((i) => roundHalfEven(total - (i * total) / steps) - 1);
    }
  }

  /** σ = √((1 − ᾱ)/ᾱ) at a timestep, interpolated between the training timesteps. */
  sigma(timestep: number): number {
    const low = Math.floor(timestep);
    const high = Math.min(low + 1, this.alphasCumprod.length - 1);
    const share = timestep - low;
    return this.#sigmaAt(low) * (1 - share) + this.#sigmaAt(high) * share;
  }

  /** ᾱ before a timestep; 1 below the first. */
  alphaCumprod(timestep: number): number {
    return timestep < 0 ? 1 : (this.alphasCumprod[timestep] ?? 0);
  }

  #sigmaAt(timestep: number): number {
    const alpha = this.alphasCumprod[timestep] ?? 0;
    return Math.sqrt((1 - alpha) / alpha);
  }
}

/** numpy's rounding: halves go to the even neighbour. */
function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
