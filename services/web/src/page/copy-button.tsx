import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { announce } from './announce.ts';
import { Icon } from './icons.tsx';

const SHOWN_MS = 1_500;

/** Copies a text. Not there where the browser has no clipboard for us, as over plain HTTP. */
export function CopyButton({ text, label }: { text: string; label: string }): JSX.Element | null {
  const isDone = useSignal(false);
  if (!('clipboard' in navigator)) return null;
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    isDone.value = true;
    announce('Copied');
    setTimeout(() => (isDone.value = false), SHOWN_MS);
  };
  return (
    <button
      type="button"
      class="quiet copy"
      aria-label={label}
      title={label}
      // the browser may refuse: then the text is still there to be selected
      onClick={() => void copy().catch(() => announce('Could not be copied'))}
    >
      <Icon name={isDone.value ? 'check' : 'copy'} />
    </button>
  );
}
