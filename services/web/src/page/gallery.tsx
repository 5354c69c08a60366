import type { Image } from '@genfleet/client';
import { useComputed, useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { hidden, showAll } from './hidden.ts';
import { hasLoaded, isMore, listed } from './jobs.ts';
import { isEnded } from './merge.ts';
import { Picture, useLive } from './picture.tsx';
import { imageHref } from './route.ts';
import { messageOf } from './server.ts';
import { loadMore } from './watch.ts';
import { statusLine } from './wording.ts';

const FILTERS = {
  All: () => true,
  Pictures: ({ status }: Image) => status === 'completed',
  'Under way': ({ status }: Image) => status === 'queued' || status === 'running' || status === 'retrying',
  Failed: ({ status }: Image) => status === 'dead' || status === 'cancelled',
} as const;
type Filter = keyof typeof FILTERS;

/** Every job the server knows, newest first. */
export function Gallery(): JSX.Element {
  const filter = useSignal<Filter>('All');
  const shown = useComputed(() =>
    listed.value.filter((image) => !hidden.value.has(image.id) && FILTERS[filter.value](image)),
  );
  return (
    <section class="gallery" aria-labelledby="gallery-title">
      <div class="bar">
        <h2 id="gallery-title">Gallery</h2>
        <fieldset class="chips">
          <legend class="unseen">Show</legend>
          {(Object.keys(FILTERS) as Filter[]).map((name) => (
            <button
              key={name}
              type="button"
              class="chip"
              aria-pressed={filter.value === name}
              onClick={() => (filter.value = name)}
            >
              {name}
            </button>
          ))}
        </fieldset>
      </div>
      {shown.value.length === 0 && hasLoaded.value && <p class="nothing">Nothing here yet.</p>}
      <ul class="tiles">
        {shown.value.map((image) => (
          <Tile key={image.id} image={image} />
        ))}
      </ul>
      <More />
    </section>
  );
}

function Tile({ image }: { image: Image }): JSX.Element {
  const live = useLive(image.id);
  const count = image.image_urls.length;
  const step = live ?? image.progress;
  return (
    <li class="tile" data-status={image.status}>
      <a href={imageHref(image.id)}>
        <Picture image={image} />
        {count > 1 && <span class="count">{count}</span>}
        {image.status === 'running' && step && (
          <progress value={step.step} max={step.steps} aria-hidden="true" />
        )}
        <span class="caption" dir="auto">
          {image.generation_settings.prompt}
        </span>
        {!isEnded(image) && <span class="status">{statusLine(image, live)}</span>}
      </a>
    </li>
  );
}

function More(): JSX.Element {
  const isLoading = useSignal(false);
  const fault = useSignal<string | undefined>(undefined);
  const load = async () => {
    if (isLoading.value) return;
    isLoading.value = true;
    fault.value = undefined;
    await loadMore().catch((error: unknown) => {
      fault.value = messageOf(error);
    });
    isLoading.value = false;
  };
  return (
    <div class="more-bar">
      {isMore.value && (
        <button type="button" onClick={() => void load()}>
          {isLoading.value ? 'Loading…' : 'Load more'}
        </button>
      )}
      {hidden.value.size > 0 && (
        <button type="button" class="quiet" onClick={showAll}>
          Show {hidden.value.size} hidden
        </button>
      )}
      {fault.value !== undefined && (
        <p class="fault" role="alert">
          {fault.value}
        </p>
      )}
    </div>
  );
}
