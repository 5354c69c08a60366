import { useSignal, useSignalEffect } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { ApiCall } from '../api-call.tsx';
import { codeModels, known } from '../server.ts';
import { token } from '../token.ts';
import { duration } from '../wording.ts';
import { type Assistant, openAssistant } from './assist.ts';
import { CodeSettings } from './code-settings.tsx';
import { asked, fault, model, type Phase, phase, tally } from './code-state.ts';
import { writeStart } from './editor.ts';
import { refuseGhost, takeGhost } from './ghost-text.ts';

/** Beginnings that the demo model has seen the likes of. */
const STARTS = [
  'def add(a, b):',
  'class Queue:\n    def __init__(self',
  'import os\n\ndef read_lines(path):',
] as const;

const isApple = /mac|iphone|ipad/i.test(navigator.platform);

/** An editor in which suggestions appear as one types. */
export function CodeView(): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const assistant = useSignal<Assistant | undefined>(undefined);
  useEffect(() => {
    if (!place.current) return;
    const opened = openAssistant(place.current);
    assistant.value = opened;
    return () => opened.close();
  }, []);
  // whoever was refused may be let in with another token
  useSignalEffect(() => {
    token.value;
    assistant.value?.suggester.unbar();
    fault.value = undefined;
  });
  return (
    <div class="code-page">
      <h1>Write code</h1>
      <ModelNote onStart={(start) => assistant.value && writeStart(assistant.value.view, start)} />
      {fault.value !== undefined && (
        <p class="notice fault" role="alert">
          {fault.value}
        </p>
      )}
      <div class="panel desk">
        <CodeSettings />
        <div class="editor" ref={place} />
        <Foot assistant={assistant.value} />
      </div>
      <Figures />
      {asked.value && <ApiCall path="v1/completions" body={{ ...asked.value, stream: true }} />}
    </div>
  );
}

/** What to expect of the model, or why there is none. */
function ModelNote({ onStart }: { onStart: (start: string) => void }): JSX.Element | null {
  if (codeModels.value.length === 0) {
    return (
      <p class="notice">
        {known.value.length === 0
          ? 'No worker has announced a model yet.'
          : 'There is no model for code: no worker has announced one. You can write all the same.'}
      </p>
    );
  }
  if (model.value?.workers === 0) {
    return (
      <p class="notice">No worker runs {model.value.name} at the moment; suggestions will have to wait.</p>
    );
  }
  if (model.value?.demo !== true) return <p class="hint">Pause while you type, and a suggestion appears.</p>;
  return (
    <section class="demo" aria-label="About the demo model">
      <p>
        <strong>A small demo model:</strong> it looks like Python and means little. Pause while you type, and
        see; or begin with
      </p>
      <ul class="chips">
        {STARTS.map((start) => (
          <li key={start}>
            <button type="button" class="chip mono" onClick={() => onStart(start)}>
              {start.split('\n', 1)[0]}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

const SAID: Record<Phase, string> = {
  idle: 'Pause, and a suggestion appears',
  asking: 'Asking…',
  writing: 'Writing…',
  ready: 'A suggestion',
  nothing: 'Nothing to suggest here',
};

/** What goes on, and how to take it or leave it: by key, or where there are none by touch. */
function Foot({ assistant }: { assistant: Assistant | undefined }): JSX.Element {
  const isThere = phase.value === 'writing' || phase.value === 'ready';
  const press = (act: (given: Assistant) => unknown) => () => {
    if (!assistant) return;
    act(assistant);
    assistant.view.focus();
  };
  return (
    <div class="foot">
      <p class="phase" data-phase={phase.value}>
        {phase.value === 'idle' && fault.value !== undefined ? 'No suggestions now' : SAID[phase.value]}
      </p>
      {isThere ? (
        <div class="buttons">
          <button type="button" class="small" onClick={press(({ view }) => takeGhost(view))}>
            Take it <kbd>Tab</kbd>
          </button>
          <button type="button" class="small quiet" onClick={press(({ view }) => refuseGhost(view))}>
            Dismiss <kbd>Esc</kbd>
          </button>
        </div>
      ) : (
        <p class="keys hint">
          <kbd>Tab</kbd> takes it, <kbd>{isApple ? '⌘' : 'Ctrl'}</kbd>
          <kbd>→</kbd> one word, <kbd>Esc</kbd> dismisses it. <kbd>Esc</kbd> then <kbd>Tab</kbd> leaves the
          editor.
        </p>
      )}
    </div>
  );
}

function Figures(): JSX.Element {
  const { shown, accepted, rejected, pace } = tally.value;
  const figures: [name: string, value: string][] = [
    ['Shown', String(shown)],
    ['Accepted', String(accepted)],
    ['Rejected', String(rejected)],
    ['First text', pace ? duration(pace.firstTextMs) : '–'],
    ['Tokens/s', pace?.tokensPerSecond === undefined ? '–' : String(Math.round(pace.tokensPerSecond))],
  ];
  return (
    <dl class="figures" aria-label="Suggestions of this visit">
      {figures.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
