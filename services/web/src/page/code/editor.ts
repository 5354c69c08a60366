import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { pythonLanguage } from '@codemirror/lang-python';
import { bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { EditorState } from '@codemirror/state';
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
  placeholder,
} from '@codemirror/view';
import { classHighlighter } from '@lezer/highlight';
import { type GhostEvents, ghostText } from './ghost-text.ts';

const ATTRIBUTES = {
  'aria-label': 'Code. Tab takes a suggestion, Escape dismisses it. Escape and then Tab leaves the editor.',
  autocorrect: 'off',
  autocapitalize: 'off',
  spellcheck: 'false',
};

/** A Python editor with suggestions. How it looks is in code.css. */
export function openEditor(
  parent: HTMLElement,
  { doc, events, onChange }: { doc: string; events: GhostEvents; onChange: (doc: string) => void },
): EditorView {
  const extensions = [
    ghostText(events),
    lineNumbers(),
    history(),
    drawSelection(),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    indentOnInput(),
    bracketMatching(),
    indentUnit.of('    '),
    EditorState.tabSize.of(4),
    EditorView.lineWrapping,
    EditorView.contentAttributes.of(ATTRIBUTES),
    placeholder('Write some Python…'),
    pythonLanguage,
    syntaxHighlighting(classHighlighter),
    keymap.of([...defaultKeymap, ...historyKeymap, indentWithTab]),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) onChange(update.state.doc.toString());
    }),
  ];
  const state = EditorState.create({ doc, selection: { anchor: doc.length }, extensions });
  return new EditorView({ state, parent });
}

/** What stands before and after the cursor. */
export function surroundingsIn({ doc, selection }: EditorState) {
  const { head } = selection.main;
  return { before: doc.sliceString(0, head), after: doc.sliceString(head) };
}

/** Writes the beginning of something below what there is, as if it were typed. */
export function writeStart(view: EditorView, start: string): void {
  const { doc } = view.state;
  const gap = doc.toString().trim() === '' ? '' : '\n\n';
  const from = gap === '' ? 0 : doc.toString().trimEnd().length;
  const insert = gap + start;
  view.dispatch({
    changes: { from, to: doc.length, insert },
    selection: { anchor: from + insert.length },
    userEvent: 'input.type',
    scrollIntoView: true,
  });
  view.focus();
}
