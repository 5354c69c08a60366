import { history, undo } from '@codemirror/commands';
import { EditorState, type TransactionSpec } from '@codemirror/state';
import { describe, expect, it } from '@jest/globals';
import { ghostIn, ghostText, setGhost } from './ghost-text.ts';

const NONE = {
  onType: () => undefined,
  onTake: () => undefined,
  onTypedOut: () => true,
  onLeave: () => undefined,
};

const START = 'def f():';

/** An editor with the cursor at the end of a line, and `return 1` suggested there. */
function suggesting(text = ' return 1'): EditorState {
  const state = EditorState.create({
    doc: START,
    selection: { anchor: START.length },
    extensions: [history(), ghostText(NONE)],
  });
  return after(state, { effects: setGhost(text) });
}

const after = (state: EditorState, ...specs: TransactionSpec[]): EditorState =>
  specs.reduce((known, spec) => known.update(spec).state, state);

/** Typed at the cursor. */
const typed = (state: EditorState, text: string): EditorState =>
  after(state, { ...state.replaceSelection(text), userEvent: 'input.type' });

describe('a suggestion in the text', () => {
  it('is no part of it', () => {
    const state = suggesting();
    expect([ghostIn(state), state.doc.toString()]).toEqual([' return 1', START]);
  });

  it('keeps what is left of it while it is typed', () => {
    expect(ghostIn(typed(suggesting(), ' '))).toBe('return 1');
    expect(ghostIn(typed(typed(suggesting(), ' re'), 'turn'))).toBe(' 1');
    expect(ghostIn(typed(suggesting(), ' return 1'))).toBe('');
  });

  it('goes on growing behind what was typed of it', () => {
    const state = after(typed(suggesting(' re'), ' r'), { effects: setGhost(' return 1') });
    expect(ghostIn(state)).toBe('eturn 1');
    const ahead = after(typed(suggesting(' re'), ' re'), { effects: setGhost(' return 1') });
    expect(ghostIn(ahead)).toBe('turn 1');
  });

  it('ends when something else is typed, deleted or undone', () => {
    expect(ghostIn(typed(suggesting(), 'x'))).toBe('');
    const gone = after(suggesting(), { changes: { from: START.length - 1, to: START.length } });
    expect(ghostIn(gone)).toBe('');
    let undone = typed(suggesting(), ' ');
    undo({
      state: undone,
      dispatch: (transaction) => {
        undone = transaction.state;
      },
    });
    expect([ghostIn(undone), undone.doc.toString()]).toEqual(['', START]);
  });

  it('ends when the cursor goes elsewhere, or something is selected', () => {
    expect(ghostIn(after(suggesting(), { selection: { anchor: 0 } }))).toBe('');
    expect(ghostIn(after(suggesting(), { selection: { anchor: START.length, head: 0 } }))).toBe('');
    expect(ghostIn(after(suggesting(), { selection: { anchor: START.length } }))).toBe(' return 1');
  });

  it('begins anew where the cursor is when another one comes', () => {
    const moved = after(suggesting(), { selection: { anchor: 3 } }, { effects: setGhost(' g') });
    expect(ghostIn(moved)).toBe(' g');
    expect(ghostIn(typed(moved, ' '))).toBe('g');
  });
});
