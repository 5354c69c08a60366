import type { Image } from '@genfleet/client';
import { useComputed, useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { Button } from './buttons.tsx';
import { Icon } from './icons.tsx';
import { redrive, redriveAll } from './job-actions.ts';
import { gallery, take } from './jobs.ts';
import { imageHref } from './route.ts';
import { client, isOnline, messageOf } from './server.ts';
import { Failure } from './stage.tsx';
import { ago } from './wording.ts';

const PAGE_SIZE = 50;

/** Jobs that used up their attempts, with the way back. */
export function DeadLetters(): JSX.Element {
  const dead = useComputed(() => gallery.value.filter(({ status }) => status === 'dead')).value;
  const total = useSignal<number | undefined>(undefined);
  const fault = useSignal<string | undefined>(undefined);
  const read = async (offset: number) => {
    fault.value = undefined;
    try {
      const page = await client.deadLetters({ limit: PAGE_SIZE, offset });
      total.value = page.total;
      take(page.images);
    } catch (error) {
      fault.value = messageOf(error);
    }
  };
  // again when the server is back
  useEffect(() => {
    if (isOnline.value) void read(0);
  }, [isOnline.value]);
  return (
    <section class="dead-letters" aria-labelledby="dead-title">
      <div class="bar">
        <h1 id="dead-title" tabIndex={-1}>
          Dead letters
        </h1>
        {dead.length > 1 && (
          <Button icon="again" label="Redrive all" onClick={() => void redriveAll().then(() => read(0))} />
        )}
      </div>
      <p>
        A job that failed four times, or can’t succeed as it stands, ends here with its reason. Redrive puts
        it back in line with all its attempts.
      </p>
      {fault.value !== undefined && (
        <p class="notice fault" role="alert">
          {fault.value}
        </p>
      )}
      {dead.length === 0 && fault.value === undefined && (
        <p class="nothing">{total.value === undefined ? 'Loading…' : 'None. Every job so far went well.'}</p>
      )}
      <ul class="letters">
        {dead.map((image) => (
          <Letter key={image.id} image={image} />
        ))}
      </ul>
      {dead.length < (total.value ?? 0) && (
        <button type="button" onClick={() => void read(dead.length)}>
          Load more
        </button>
      )}
    </section>
  );
}

/** The letter goes, and with it the button that had the focus. */
async function bringBack(id: string): Promise<void> {
  await redrive(id);
  document.getElementById('dead-title')?.focus();
}

function Letter({ image }: { image: Image }): JSX.Element {
  const { prompt, model } = image.generation_settings;
  const title = `letter-${image.id}`;
  return (
    <li class="letter panel">
      <Icon name="warning" />
      <div class="beside">
        <h2 class="prompt" dir="auto" id={title}>
          <a href={imageHref(image.id)}>{prompt}</a>
        </h2>
        <Failure image={image} />
        <p class="hint">
          {model} · asked {ago(Date.parse(image.request_time), Date.now())}
          {image.redrive > 0 && ` · redriven ${image.redrive} ×`}
        </p>
      </div>
      <Button
        icon="again"
        label="Redrive"
        kind="primary"
        about={title}
        onClick={() => void bringBack(image.id)}
      />
    </li>
  );
}
