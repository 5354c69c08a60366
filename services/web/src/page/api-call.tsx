import type { JSX } from 'preact';
import { base } from './base.ts';
import { CopyButton } from './copy-button.tsx';
import { curlOf } from './curl.ts';
import { RawText } from './raw-text.tsx';
import { token } from './token.ts';

interface Props {
  /** Of the route, without a slash before it. */
  readonly path: string;
  readonly body: object;
}

/** What was done by hand, as a command: for scripts, and to begin from. */
export function ApiCall({ path, body }: Props): JSX.Element {
  const text = curlOf(new URL(`${base}${path}`, window.location.href).href, body, token.value !== '');
  return (
    <details class="api-call">
      <summary>The same with curl</summary>
      <p class="hint">
        <CopyButton text={text} label="Copy the command" /> More is in{' '}
        <a href="docs">the API’s documentation</a>.
      </p>
      <RawText label="Command" text={text} />
    </details>
  );
}
