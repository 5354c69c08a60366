import type { Image } from '@genfleet/client';
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { JobButtons } from './buttons.tsx';
import { useFileUrl } from './file-url.ts';
import { hasLoaded, onStage } from './jobs.ts';
import { Noise } from './noise.tsx';
import { Picture } from './picture.tsx';
import { Pill, Progress } from './progress.tsx';
import { imageHref } from './route.ts';
import { reason } from './wording.ts';

/** The job one is waiting for, large. */
export function Stage(): JSX.Element {
  const image = onStage.value;
  return (
    <section id="stage" class="stage panel" aria-label="Current picture">
      {image ? <OnStage key={image.id} image={image} /> : <Empty />}
    </section>
  );
}

function OnStage({ image }: { image: Image }): JSX.Element {
  const index = useSignal(0);
  const { seed, steps, width, height } = image.generation_settings;
  return (
    <>
      <div class="frame">
        <Picture image={image} index={index.value} isLarge />
      </div>
      <div class="beside">
        <Pill status={image.status} />
        <h2 class="prompt" dir="auto">
          {image.generation_settings.prompt}
        </h2>
        <Progress image={image} />
        {image.error && <Failure image={image} />}
        <Thumbnails image={image} chosen={index.value} onChoose={(chosen) => (index.value = chosen)} />
        <p class="facts-line">
          Seed {seed} · {steps} steps · {width} × {height} · <a href={imageHref(image.id)}>Details</a>
        </p>
        <JobButtons image={image} index={index.value} />
      </div>
    </>
  );
}

function Empty(): JSX.Element {
  return (
    <>
      <div class="frame">
        <div class="picture square">
          <Noise />
        </div>
      </div>
      <div class="beside">
        <h2 class="prompt">Every picture starts as noise</h2>
        <p>
          {hasLoaded.value
            ? 'Describe one and press Generate. You can watch it appear here, step by step.'
            : 'Looking for your pictures…'}
        </p>
      </div>
    </>
  );
}

/** Why a job failed, and how often it was tried. */
export function Failure({ image }: { image: Image }): JSX.Element | null {
  const { error, failures } = image;
  if (!error) return null;
  return (
    <div class="failure">
      <p>
        <strong>{reason(error.code)}.</strong> {error.message}
      </p>
      {failures.length > 1 && (
        <details>
          <summary>{failures.length} attempts</summary>
          <ol>
            {failures.map(({ attempt, code, message, time }) => (
              <li key={attempt} value={attempt}>
                {new Date(time).toLocaleTimeString()}: {reason(code)}. {message}
              </li>
            ))}
          </ol>
        </details>
      )}
    </div>
  );
}

interface ThumbnailsProps {
  readonly image: Image;
  readonly chosen: number;
  readonly onChoose: (index: number) => void;
}

/** The pictures of a batch. */
export function Thumbnails({ image, chosen, onChoose }: ThumbnailsProps): JSX.Element | null {
  if (image.image_urls.length < 2) return null;
  return (
    <fieldset class="thumbnails">
      <legend>{image.image_urls.length} pictures</legend>
      {image.image_urls.map((url, index) => (
        <button
          key={url}
          type="button"
          aria-pressed={index === chosen}
          aria-label={`Picture ${index + 1}`}
          onClick={() => onChoose(index)}
        >
          <Thumbnail url={url} />
        </button>
      ))}
    </fieldset>
  );
}

function Thumbnail({ url }: { url: string }): JSX.Element {
  const src = useFileUrl(url);
  return <img {...(src === undefined ? {} : { src })} alt="" loading="lazy" />;
}
