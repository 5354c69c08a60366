import type { Schedule } from './schedule.ts';

/** What the network says of a sample of unit variance at a timestep; classifier-free guidance applied. */
export type Predict = (sample: Float32Array, timestep: number) => Promise<Float32Array>;

export interface SamplerRun {
  readonly schedule: Schedule;
  readonly steps: number;
  /** Standard normal start, not scaled. */
  readonly start: Float32Array;
  readonly predict: Predict;
  /** Fresh standard normal numbers, for samplers that add noise on the way. */
  readonly noise: (count: number) => Float32Array;
  /** After each step, with the clean sample the network sees; rejecting ends the run. */
  readonly onStep: (step: number, clean: Float32Array) => Promise<void>;
}

type Sampler = (run: SamplerRun) => Promise<Float32Array>;

/**
 * The samplers by name, numerically those of Diffusers for the same configuration. Sources: DDIM (Song et al.
 * 2020), Euler and Heun in σ (Karras et al. 2022), ancestral Euler (k-diffusion), DPM-Solver++ 2M (Lu et al. 2022).
 */
export const SAMPLER_TABLE = {
  euler: (run: SamplerRun) => sampleInSigma(run, eulerStep),
  euler_a: (run: SamplerRun) => sampleInSigma(run, ancestralStep),
  heun: (run: SamplerRun) => sampleInSigma(run, heunStep),
  ddim: sampleDdim,
  dpmpp_2m: sampleDpmpp2m,
} as const satisfies Record<string, Sampler>;

export type SamplerName = keyof typeof SAMPLER_TABLE;

export function isSamplerName(name: string): name is SamplerName {
  return Object.hasOwn(SAMPLER_TABLE, name);
}

/** out[i] = a·x[i] + b·y[i] */
function mix(a: number, x: Float32Array, b: number, y: Float32Array): Float32Array {
  const out = new Float32Array(x.length);
  for (let i = 0; i < out.length; i += 1) out[i] = a * (x[i] ?? 0) + b * (y[i] ?? 0);
  return out;
}

/** The clean sample from a prediction for a sample of unit variance, whose noise level is σ. */
function cleanFrom(run: SamplerRun, sample: Float32Array, output: Float32Array, sigma: number): Float32Array {
  const alpha = 1 / Math.sqrt(sigma * sigma + 1);
  return run.schedule.config.prediction_type === 'v_prediction'
    ? mix(alpha, sample, -sigma * alpha, output)
    : mix(1 / alpha, sample, -sigma, output);
}

interface SigmaStep {
  readonly run: SamplerRun;
  /** x = clean + σ·noise */
  readonly x: Float32Array;
  readonly clean: Float32Array;
  readonly sigma: number;
  readonly next: number;
  readonly denoise: (x: Float32Array, sigma: number, timestep: number) => Promise<Float32Array>;
  readonly nextTimestep: number;
}

async function sampleInSigma(
  run: SamplerRun,
  advance: (step: SigmaStep) => Float32Array | Promise<Float32Array>,
): Promise<Float32Array> {
  const timesteps = run.schedule.timesteps(run.steps);
  const sigmas = timesteps.map((timestep) => run.schedule.sigma(timestep));
  const denoise = async (x: Float32Array, sigma: number, timestep: number) => {
    const sample = mix(1 / Math.sqrt(sigma * sigma + 1), x, 0, x);
    return cleanFrom(run, sample, await run.predict(sample, timestep), sigma);
  };
  const largest = sigmas[0] ?? 0;
  const isLeading = run.schedule.config.timestep_spacing === 'leading';
  let x = mix(isLeading ? Math.sqrt(largest * largest + 1) : largest, run.start, 0, run.start);
  for (const [index, timestep] of timesteps.entries()) {
    const sigma = sigmas[index] ?? 0;
    const clean = await denoise(x, sigma, timestep);
    const next = sigmas[index + 1] ?? 0;
    x = await advance({ run, x, clean, sigma, next, denoise, nextTimestep: timesteps[index + 1] ?? 0 });
    await run.onStep(index + 1, clean);
  }
  return x;
}

function eulerStep({ x, clean, sigma, next }: SigmaStep): Float32Array {
  // x + (x − clean)/σ · (next − σ)
  return mix(next / sigma, x, 1 - next / sigma, clean);
}

function ancestralStep({ run, x, clean, sigma, next }: SigmaStep): Float32Array {
  const up = Math.sqrt((next ** 2 * (sigma ** 2 - next ** 2)) / sigma ** 2);
  const down = Math.sqrt(next ** 2 - up ** 2);
  const moved = mix(down / sigma, x, 1 - down / sigma, clean);
  return up === 0 ? moved : mix(1, moved, up, run.noise(moved.length));
}

async function heunStep(step: SigmaStep): Promise<Float32Array> {
  const { x, clean, sigma, next, denoise, nextTimestep } = step;
  const guess = eulerStep(step);
  if (next === 0) return guess;
  const cleanAhead = await denoise(guess, next, nextTimestep);
  // mean of the slopes at both ends
  const here = mix(1 / sigma, x, -1 / sigma, clean);
  const ahead = mix(1 / next, guess, -1 / next, cleanAhead);
  return mix(1, x, (next - sigma) / 2, mix(1, here, 1, ahead));
}

async function sampleDdim(run: SamplerRun): Promise<Float32Array> {
  const { schedule, steps } = run;
  const stride = Math.floor(schedule.config.num_train_timesteps / steps);
  let x = run.start;
  for (const [index, exact] of schedule.timesteps(steps).entries()) {
    const timestep = Math.round(exact);
    const alpha = schedule.alphaCumprod(timestep);
    const before = schedule.alphaCumprod(timestep - stride);
    const clean = cleanFrom(run, x, await run.predict(x, timestep), Math.sqrt((1 - alpha) / alpha));
    const noise = mix(1 / Math.sqrt(1 - alpha), x, -Math.sqrt(alpha / (1 - alpha)), clean);
    x = mix(Math.sqrt(before), clean, Math.sqrt(1 - before), noise);
    await run.onStep(index + 1, clean);
  }
  return x;
}

async function sampleDpmpp2m(run: SamplerRun): Promise<Float32Array> {
  const { schedule } = run;
  const timesteps = schedule.timesteps(run.steps, true);
  const sigmas = timesteps.map((timestep) => schedule.sigma(timestep));
  let x = run.start;
  let last: { clean: Float32Array; lambda: number } | undefined;
  for (const [index, timestep] of timesteps.entries()) {
    const sigma = sigmas[index] ?? 0;
    const next = sigmas[index + 1] ?? 0;
    const clean = cleanFrom(run, x, await run.predict(x, timestep), sigma);
    const lambda = -Math.log(sigma);
    x = dpmppStep({ x, clean, sigma, next, last });
    last = { clean, lambda };
    await run.onStep(index + 1, clean);
  }
  return x;
}

function dpmppStep(step: {
  x: Float32Array;
  clean: Float32Array;
  sigma: number;
  next: number;
  last: { clean: Float32Array; lambda: number } | undefined;
}): Float32Array {
  const { x, clean, sigma, next, last } = step;
  // the last step ends on the clean sample itself
  if (next === 0) return clean;
  const alpha = 1 / Math.sqrt(sigma * sigma + 1);
  const alphaNext = 1 / Math.sqrt(next * next + 1);
  // λ = ln(α/(σα)) = −ln σ
  const h = Math.log(sigma) - Math.log(next);
  const weight = -alphaNext * Math.expm1(-h);
  const moved = mix((next * alphaNext) / (sigma * alpha), x, weight, clean);
  if (!last) return moved;
  const r = (-Math.log(sigma) - last.lambda) / h;
  return mix(1, moved, weight / (2 * r), mix(1, clean, -1, last.clean));
}
