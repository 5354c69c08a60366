import type { JSX } from 'preact';
import { TextField } from './fields.tsx';
import { draft, edit, isSending, refusal } from './form.ts';
import { Icon } from './icons.tsx';
import { generate } from './send.ts';
import { SettingsPanel, useModel } from './settings-panel.tsx';

/** Prompts that the demo model can follow. */
const SUGGESTIONS = [
  'a red circle above a blue square',
  'a yellow star on a purple background',
  'three green triangles on a white background',
  'a large pink heart on a black background',
  'an orange ring left of a cyan diamond',
] as const;

const isApple = /mac|iphone|ipad/i.test(navigator.platform);

function onKeyDown(event: KeyboardEvent): void {
  if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  void generate();
}

/** The form: what to make, and how. */
export function Composer(): JSX.Element {
  return (
    // Ctrl+Enter sends from every field; the keyboard's own way, Enter on the button, works as well
    <form
      class="composer panel"
      noValidate
      aria-label="New picture"
      onKeyDown={onKeyDown}
      onSubmit={(event) => {
        event.preventDefault();
        void generate();
      }}
    >
      <TextField field="prompt" label="Describe a picture" rows={3} placeholder={SUGGESTIONS[0]} />
      {refusal.value.message !== undefined && (
        <p class="notice fault" role="alert">
          {refusal.value.message}
        </p>
      )}
      {Object.keys(refusal.value.fields).length > 0 && (
        <p class="notice fault" role="alert">
          Please look at:{' '}
          {Object.entries(refusal.value.fields)
            .map(([field, message]) => `${plain(field)} (${message})`)
            .join(', ')}
        </p>
      )}
      <div class="send">
        <button type="submit" class="primary" aria-disabled={isSending.value}>
          {isSending.value ? 'Sending…' : 'Generate'}
        </button>
        <kbd class="hint">{isApple ? '⌘' : 'Ctrl'} + Enter</kbd>
      </div>
      <Demo />
      <details class="more" open={matchMedia('(min-width: 60rem)').matches}>
        <summary>
          <Icon name="settings" />
          Settings
        </summary>
        <SettingsPanel />
      </details>
    </form>
  );
}

function plain(field: string): string {
  return field.replaceAll('_', ' ');
}

function Demo(): JSX.Element | null {
  if (useModel()?.demo !== true) return null;
  return (
    <section class="demo" aria-label="About the demo model">
      <p>
        <strong>This is a demo model.</strong> It is small enough to run on a laptop and knows eight shapes
        and twelve colours, how many there are and where they stand. Nothing else. Try one:
      </p>
      <ul class="chips">
        {SUGGESTIONS.map((prompt) => (
          <li key={prompt}>
            <button
              type="button"
              class="chip"
              aria-pressed={draft.value.prompt === prompt}
              onClick={() => {
                edit({ prompt });
                document.getElementById('prompt')?.focus();
              }}
            >
              {prompt}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
