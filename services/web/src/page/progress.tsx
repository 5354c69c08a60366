import type { Image } from '@genfleet/client';
import type { JSX } from 'preact';
import { useLive } from './picture.tsx';
import { statusLine } from './wording.ts';

/** How people are told of a status. */
export const STATUS_WORDS: Readonly<Record<Image['status'], string>> = {
  unknown: 'Waiting',
  queued: 'In line',
  running: 'Running',
  retrying: 'Retrying',
  completed: 'Done',
  dead: 'Failed',
  cancelled: 'Cancelled',
};

export function Pill({ status }: { status: Image['status'] }): JSX.Element {
  return (
    <span class="pill" data-status={status}>
      {STATUS_WORDS[status]}
    </span>
  );
}

/** Where the job stands, in words and as a bar. */
export function Progress({ image }: { image: Image }): JSX.Element {
  const live = useLive(image.id);
  const isRunning = image.status === 'running';
  const { step, steps } = live ?? image.progress ?? { step: 0, steps: image.generation_settings.steps };
  return (
    <div class="progress">
      <p class="status">{statusLine(image, live)}</p>
      {isRunning && <progress value={step} max={steps} aria-label="Steps done" />}
    </div>
  );
}
