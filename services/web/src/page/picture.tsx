import type { Image } from '@genfleet/client';
import { computed, useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { useFileUrl } from './file-url.ts';
import { reread } from './follow.ts';
import { Icon } from './icons.tsx';
import { dropLive, type Live, live } from './jobs.ts';
import { isEnded } from './merge.ts';
import { Noise } from './noise.tsx';
import { statusLine } from './wording.ts';

/** Re-renders only for the steps of this job. */
export function useLive(id: string): Live | undefined {
  return useMemo(() => computed(() => live.value.get(id)), [id]).value;
}

interface Props {
  readonly image: Image;
  /** Which of the job's pictures. */
  readonly index?: number;
  readonly isLarge?: boolean;
}

/** The job as something to look at: noise, what has come out of it so far, and the picture over it once it is there. */
export function Picture({ image, index = 0, isLarge = false }: Props): JSX.Element {
  const seen = useLive(image.id);
  const { prompt, width, height } = image.generation_settings;
  const url = image.image_urls[index];
  const isStill = isEnded(image);
  return (
    <div
      class="picture"
      style={{ aspectRatio: isLarge ? `${width} / ${height}` : '1' }}
      data-status={image.status}
    >
      {seen?.preview ? (
        <img class="preview" src={seen.preview} alt={isStill || !isLarge ? '' : `${prompt}, unfinished`} />
      ) : (
        url === undefined && !isFailed(image) && <Noise isMoving={isLarge && !isStill} />
      )}
      {url !== undefined && (
        <Finished key={url} id={image.id} url={url} alt={isLarge ? prompt : ''} isLarge={isLarge} />
      )}
      {isFailed(image) && (
        <span class="no-picture">
          <Icon name={image.status === 'dead' ? 'warning' : 'stop'} />
          {statusLine(image)}
        </span>
      )}
    </div>
  );
}

function isFailed({ status }: Image): boolean {
  return status === 'dead' || status === 'cancelled';
}

interface FinishedProps {
  readonly id: string;
  readonly url: string;
  readonly alt: string;
  readonly isLarge: boolean;
}

function Finished({ id, url, alt, isLarge }: FinishedProps): JSX.Element {
  const isLoaded = useSignal(false);
  const isLost = useSignal(false);
  const src = useFileUrl(url);
  if (isLost.value) return <span class="no-picture">This picture could not be loaded</span>;
  return (
    <img
      class={isLoaded.value ? 'finished loaded' : 'finished'}
      {...(src === undefined ? {} : { src })}
      alt={alt}
      loading={isLarge ? 'eager' : 'lazy'}
      onLoad={() => {
        isLoaded.value = true;
        setTimeout(dropLive, 600, id);
      }}
      onError={() => {
        // a presigned URL may have expired: the job has a new one, which mounts this anew
        isLost.value = true;
        void reread(id);
      }}
    />
  );
}
