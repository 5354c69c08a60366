import type { Image } from '@genfleet/client';
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { HideButton, JobButtons } from './buttons.tsx';
import { Facts } from './facts.tsx';
import { hidden } from './hidden.ts';
import { Icon } from './icons.tsx';
import { jobs, listed, take } from './jobs.ts';
import { Picture } from './picture.tsx';
import { Pill, Progress } from './progress.tsx';
import { imageHref, toGallery } from './route.ts';
import { client, messageOf } from './server.ts';
import { Failure, Thumbnails } from './stage.tsx';

/** One job in full, over the page. Escape and Back close it; the arrow keys go to its neighbours. */
export function Details({ id }: { id: string }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const image = jobs.value.get(id);
  const fault = useSignal<string | undefined>(undefined);
  // before anything is painted: the next key is for the dialog
  useLayoutEffect(() => {
    const element = dialog.current;
    if (element && !element.open) element.showModal();
    // closing gives the focus back to where it came from
    return () => element?.close();
  }, []);
  useEffect(() => {
    fault.value = undefined;
    if (jobs.value.has(id)) return;
    client.getImage(id).then(
      (read) => take([read]),
      (error: unknown) => {
        fault.value = messageOf(error);
      },
    );
  }, [id]);
  return (
    <dialog
      ref={dialog}
      class="details-dialog"
      aria-labelledby="details-title"
      onClose={toGallery}
      onKeyDown={(event) => goWithArrows(event, id)}
      onClick={(event) => event.target === dialog.current && dialog.current?.close()}
    >
      <div class="sheet">
        <div class="bar">
          <h2 id="details-title">{image ? image.generation_settings.prompt : 'Picture'}</h2>
          <Neighbours id={id} />
          <button
            type="button"
            class="quiet round"
            aria-label="Close"
            onClick={() => dialog.current?.close()}
          >
            <Icon name="close" />
          </button>
        </div>
        {image && <Body key={id} image={image} />}
        {!image && <p class="nothing">{fault.value ?? 'Loading…'}</p>}
      </div>
    </dialog>
  );
}

function Body({ image }: { image: Image }): JSX.Element {
  const index = useSignal(0);
  return (
    <div class="columns">
      <div>
        <Picture image={image} index={index.value} isLarge />
        <Thumbnails image={image} chosen={index.value} onChoose={(chosen) => (index.value = chosen)} />
      </div>
      <div class="beside">
        <Pill image={image} />
        <Progress image={image} />
        <Failure image={image} />
        <JobButtons image={image} index={index.value} />
        <Facts image={image} index={index.value} />
        <HideButton image={image} />
      </div>
    </div>
  );
}

function neighbour(id: string, by: 1 | -1): string | undefined {
  const shown = listed.value.filter((image) => image.id === id || !hidden.value.has(image.id));
  const at = shown.findIndex((image) => image.id === id);
  return at < 0 ? undefined : shown[at + by]?.id;
}

/** Browsing replaces the address, so that one Back leads to the gallery. */
function go(id: string, by: 1 | -1): void {
  const next = neighbour(id, by);
  if (next !== undefined) window.location.replace(imageHref(next));
}

function goWithArrows(event: KeyboardEvent, id: string): void {
  if (event.key === 'ArrowRight') go(id, 1);
  else if (event.key === 'ArrowLeft') go(id, -1);
}

/** Not `disabled` at the ends: that would take the focus away, and the arrow keys with it. */
function Neighbours({ id }: { id: string }): JSX.Element {
  return (
    <>
      <button
        type="button"
        class="quiet round"
        aria-label="Newer picture"
        aria-disabled={neighbour(id, -1) === undefined}
        onClick={() => go(id, -1)}
      >
        <Icon name="previous" />
      </button>
      <button
        type="button"
        class="quiet round"
        aria-label="Older picture"
        aria-disabled={neighbour(id, 1) === undefined}
        onClick={() => go(id, 1)}
      >
        <Icon name="next" />
      </button>
    </>
  );
}
