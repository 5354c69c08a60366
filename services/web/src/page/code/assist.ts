import type { EditorView } from '@codemirror/view';
import { announce } from '../announce.ts';
import { client, messageOf } from '../server.ts';
import { storedInTab, storeInTab } from '../storage.ts';
import { asked, count, fault, model, phase, settings, tally } from './code-state.ts';
import { openEditor, surroundingsIn } from './editor.ts';
import { ghostIn, showGhost } from './ghost-text.ts';
import { requestFor } from './request.ts';
import { Suggester, type SuggestionEvents } from './suggester.ts';

/** Of this tab, for as long as it is not loaded again: two tabs do not take each other's suggestions away. */
const SESSION_ID = `page-${[...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(16)).join('')}`;
const MAX_KEPT_CHARS = 200_000;

export interface Assistant {
  readonly view: EditorView;
  readonly suggester: Suggester;
  close(): void;
}

/** An editor in this element, whose suggestions come from the API that served the page. */
export function openAssistant(parent: HTMLElement): Assistant {
  const suggester = new Suggester({
    completions: client.completions,
    events: eventsOf(() => assistant),
    later: (call, delayMs) => {
      const timer = window.setTimeout(call, delayMs);
      return () => window.clearTimeout(timer);
    },
    now: () => performance.now(),
    sessionId: SESSION_ID,
  });
  const kept = storedInTab('code');
  const view = openEditor(parent, {
    doc: typeof kept === 'string' ? kept : '',
    onChange: (doc) => {
      if (doc.length <= MAX_KEPT_CHARS) storeInTab('code', doc);
    },
    events: {
      onType: () => suggester.typed(() => requestAt(view)),
      onTake: (isAll) => suggester.took(isAll),
      onTypedOut: () => suggester.typedOut(),
      onLeave: (how) => suggester.leave(how),
    },
  });
  const assistant: Assistant = {
    view,
    suggester,
    close: () => {
      suggester.stop();
      view.destroy();
      phase.value = 'idle';
    },
  };
  return assistant;
}

/** Nothing while a word is being composed, text is selected, or there is no model. */
function requestAt({ state, composing }: EditorView) {
  if (composing || !state.selection.main.empty || !model.value) return undefined;
  const request = requestFor(surroundingsIn(state), model.value, settings.value);
  asked.value = request ?? asked.value;
  return request;
}

/** What suggestions do to the editor, the figures and the ear. */
function eventsOf(assistant: () => Assistant): SuggestionEvents {
  return {
    asking: () => {
      phase.value = 'asking';
      fault.value = undefined;
    },
    text: (text, isFirst) => {
      if (isFirst) count('shown');
      phase.value = 'writing';
      showGhost(assistant().view, text);
    },
    whole: (text, pace) => {
      tally.value = { ...tally.value, pace };
      phase.value = text === '' ? 'nothing' : 'ready';
      const { view, suggester } = assistant();
      // whoever types faster than the model writes has it all already
      if (text !== '' && ghostIn(view.state) === '') suggester.typedOut();
      else if (text !== '') announce(`Suggestion: ${text}. Tab takes it, Escape dismisses it.`);
    },
    gone: () => {
      phase.value = 'idle';
      showGhost(assistant().view, null);
    },
    accepted: () => {
      count('accepted');
      announce('Suggestion taken.');
    },
    rejected: () => {
      count('rejected');
      announce('Suggestion dismissed.');
    },
    fault: (error) => {
      fault.value = messageOf(error);
    },
  };
}
