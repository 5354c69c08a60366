import type { Image } from '@genfleet/client';
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { ApiCall } from './api-call.tsx';
import { HideButton, JobButtons } from './buttons.tsx';
import { sameAgain } from './curl.ts';
import { Facts } from './facts.tsx';
import { hidden } from './hidden.ts';
import { jobs, listed, take } from './jobs.ts';
import { Picture } from './picture.tsx';
import { Pill, Progress } from './progress.tsx';
import { imageHref, replaceAddress, toGallery } from './route.ts';
import { client, messageOf } from './server.ts';
import { Sheet } from './sheet.tsx';
import { Failure, Thumbnails } from './stage.tsx';

/** One job in full, over the gallery. */
export function Details({ id }: { id: string }): JSX.Element {
  const image = jobs.value.get(id);
  const fault = useSignal<string | undefined>(undefined);
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
    <Sheet
      title={image ? image.generation_settings.prompt : 'Picture'}
      newer={{ label: 'Newer picture', go: wayTo(id, -1) }}
      older={{ label: 'Older picture', go: wayTo(id, 1) }}
      onClose={toGallery}
    >
      {image && <Body key={id} image={image} />}
      {!image && <p class="nothing">{fault.value ?? 'Loading…'}</p>}
    </Sheet>
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
        <Pill status={image.status} />
        <Progress image={image} />
        <Failure image={image} />
        <JobButtons image={image} index={index.value} />
        <Facts image={image} index={index.value} />
        <ApiCall path="images/" body={sameAgain(image)} />
        <HideButton image={image} />
      </div>
    </div>
  );
}

/** Browsing replaces the address, so that one Back leads to the gallery. */
function wayTo(id: string, by: 1 | -1): (() => void) | undefined {
  const shown = listed.value.filter((image) => image.id === id || !hidden.value.has(image.id));
  const at = shown.findIndex((image) => image.id === id);
  const next = at < 0 ? undefined : shown[at + by]?.id;
  return next === undefined ? undefined : () => replaceAddress(imageHref(next));
}
