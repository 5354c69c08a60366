import type { Image } from '@genfleet/client';
import type { ComponentChildren, JSX } from 'preact';
import { duration } from './wording.ts';

const HEADING_CHARS = 80;

type Row = readonly [name: string, value: ComponentChildren];

function settingsOf(image: Image, index: number): Row[] {
  const settings = image.generation_settings;
  const count = settings.batch_size * settings.n_iters;
  const seed = settings.seed + index;
  return [
    [
      'Model',
      image.model && image.model !== settings.model ? `${settings.model} (${image.model})` : settings.model,
    ],
    ['Seed', count > 1 ? `${seed} (first ${settings.seed})` : String(seed)],
    ['Steps', String(settings.steps)],
    ['CFG scale', String(settings.cfg_scale)],
    ['Sampler', settings.sampler_name],
    ['Size', `${settings.width} × ${settings.height}`],
    ['Pictures', String(count)],
  ];
}

/** They may be so long that what stands below them is hard to find. */
function textsOf({ generation_settings: settings }: Image): Row[] {
  return [
    // a short one is all in the heading
    ...(settings.prompt.length < HEADING_CHARS ? [] : [['Prompt', settings.prompt] as const]),
    ...(settings.negative_prompt === '' ? [] : [['Not', settings.negative_prompt] as const]),
  ];
}

function timesOf(image: Image): Row[] {
  const { timings } = image;
  const rows: Row[] = [['Asked', new Date(image.request_time).toLocaleString()]];
  if (!timings) return rows;
  rows.push(['Waited', duration(timings.queued_ms)]);
  if (timings.model_load_ms >= 1) rows.push(['Model loaded in', duration(timings.model_load_ms)]);
  rows.push(['Drawn in', duration(timings.generate_ms)], ['Stored in', duration(timings.store_ms)]);
  return rows;
}

function historyOf(image: Image): Row[] {
  const rows: Row[] = [];
  if (image.attempt > 1) rows.push(['Attempts', String(image.attempt)]);
  if (image.redrive > 0) rows.push(['Redriven', `${image.redrive} ×`]);
  if (image.priority !== 'normal') rows.push(['Priority', image.priority]);
  if (image.deadline) rows.push(['Deadline', new Date(image.deadline).toLocaleString()]);
  for (const [name, value] of Object.entries(image.metadata)) rows.push([name, value]);
  rows.push(['Id', <code key="id">{image.id}</code>]);
  return rows;
}

/** How a picture was made, how long each part took, and what else is known of it. */
export function Facts({ image, index }: { image: Image; index: number }): JSX.Element {
  const rows = [...settingsOf(image, index), ...timesOf(image), ...historyOf(image), ...textsOf(image)];
  return (
    <dl class="facts">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd dir="auto">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
