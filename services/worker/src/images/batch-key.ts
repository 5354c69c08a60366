import type { Txt2ImgSettings } from '@genfleet/job';

/** Jobs with equal keys may be generated as one batch: what a model run has in common for all its pictures. */
export function batchKey(settings: Txt2ImgSettings): string {
  const { model, width, height, steps, cfg_scale, sampler_name } = settings;
  return JSON.stringify([model, width, height, steps, cfg_scale, sampler_name]);
}
