import type { JobKind } from '@genfleet/client';
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { useFileUrl } from '../file-url.ts';
import { RawText } from '../raw-text.tsx';
import { imageHref } from '../route.ts';
import { client, messageOf } from '../server.ts';

interface Result {
  readonly pictures: readonly string[];
  readonly texts: readonly string[];
}

async function resultOf(id: string, kind: JobKind): Promise<Result> {
  if (kind === 'txt2img') return { pictures: (await client.getImage(id)).image_urls, texts: [] };
  const completion = await client.completions.get(id);
  const texts =
    completion.object === 'text_completion'
      ? completion.choices.map(({ text }) => text)
      : completion.choices.map(({ message }) => message.content);
  return { pictures: [], texts };
}

/** What a job has made, as far as it was kept. */
export function JobResult({ id, kind }: { id: string; kind: JobKind }): JSX.Element {
  const result = useSignal<Result | undefined>(undefined);
  const fault = useSignal<string | undefined>(undefined);
  useEffect(() => {
    resultOf(id, kind).then(
      (read) => {
        result.value = read;
      },
      (error: unknown) => {
        fault.value = messageOf(error);
      },
    );
  }, [id, kind]);
  if (fault.value !== undefined) return <p class="hint">What it made can’t be shown: {fault.value}</p>;
  if (!result.value) return <p class="hint">Looking for what it made…</p>;
  const { pictures, texts } = result.value;
  if (pictures.length === 0 && texts.length === 0) return <p class="hint">Its text was not kept.</p>;
  return (
    <div class="job-result">
      {pictures.map((url, index) => (
        <PictureLink key={url} url={url} name={`Picture ${index + 1}`} />
      ))}
      {pictures.length > 0 && <a href={imageHref(id)}>How it was made</a>}
      {texts.map((text, index) => (
        <RawText key={index} label={`Text ${index + 1}`} text={text} />
      ))}
    </div>
  );
}

function PictureLink({ url, name }: { url: string; name: string }): JSX.Element {
  const src = useFileUrl(url);
  if (src === undefined) return <span class="picture square" />;
  return (
    <a href={src} target="_blank" rel="noopener" title={`Open ${name.toLowerCase()} by itself`}>
      <img src={src} alt={name} loading="lazy" />
    </a>
  );
}
