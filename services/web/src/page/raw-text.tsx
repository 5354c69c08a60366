import type { JSX } from 'preact';

/** A text as it is, in a box that scrolls; the keyboard has to reach it for that. */
export function RawText({ label, text }: { label: string; text: string }): JSX.Element {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
    <section class="raw-text" tabIndex={0} aria-label={label}>
      <pre>{text}</pre>
    </section>
  );
}
