import type { Image } from '@genfleet/client';
import type { JSX } from 'preact';
import { useFileUrl } from './file-url.ts';
import { hide } from './hidden.ts';
import { Icon, type IconName } from './icons.tsx';
import { cancel, redrive } from './job-actions.ts';
import { isEnded } from './merge.ts';
import { toGallery } from './route.ts';
import { again, reuse } from './send.ts';
import { fileName } from './wording.ts';

interface ButtonProps {
  readonly icon: IconName;
  readonly label: string;
  readonly kind?: 'primary' | 'quiet';
  /** Id of the element that says what it is about, where several buttons are called the same. */
  readonly about?: string;
  readonly onClick: () => void;
}

export function Button({ icon, label, kind, about, onClick }: ButtonProps): JSX.Element {
  const more = { ...(kind ? { class: kind } : {}), ...(about ? { 'aria-describedby': about } : {}) };
  return (
    <button type="button" {...more} onClick={onClick}>
      <Icon name={icon} />
      {label}
    </button>
  );
}

/** All that can be done with a job as it stands. */
export function JobButtons({ image, index = 0 }: { image: Image; index?: number }): JSX.Element {
  const { id, status } = image;
  const url = useFileUrl(image.image_urls[index]);
  return (
    <div class="buttons">
      {url !== undefined && (
        <a class="button" href={url} download={fileName(image, index)} rel="noopener">
          <Icon name="download" />
          Download
        </a>
      )}
      {status === 'dead' && (
        <Button icon="again" label="Redrive" kind="primary" onClick={() => void redrive(id)} />
      )}
      {isEnded(image) && <Button icon="dice" label="Same with new seed" onClick={() => void again(image)} />}
      <Button icon="copy" label="Use these settings" onClick={() => reuse(image)} />
      {!isEnded(image) && <Button icon="stop" label="Cancel" onClick={() => void cancel(id)} />}
    </div>
  );
}

/** The record of a job is kept by the server; a gallery need not show all of it. */
export function HideButton({ image }: { image: Image }): JSX.Element {
  const onClick = () => {
    hide(image.id);
    toGallery();
  };
  return <Button icon="hide" label="Hide in this browser" kind="quiet" onClick={onClick} />;
}
