import { isolateHistory } from '@codemirror/commands';
import {
  Annotation,
  type EditorState,
  type Extension,
  Prec,
  StateEffect,
  StateField,
  type Transaction,
} from '@codemirror/state';
import { Decoration, EditorView, keymap, type ViewUpdate, WidgetType } from '@codemirror/view';

/** Text that is not there yet, at the cursor. */
interface Ghost {
  readonly pos: number;
  /** The suggestion as a whole. */
  readonly text: string;
  /** How much of it, from its beginning, was taken or typed already. */
  readonly taken: number;
}

/** What the extension tells of a person's doing. */
export interface GhostEvents {
  /** Something was typed, or taken in full: a new suggestion may be asked for. */
  onType(): void;
  /** `isAll`: nothing of it is left to be taken. */
  onTake(isAll: boolean): void;
  /** All that is shown of the suggestion was typed. Answers whether that was the whole of it. */
  onTypedOut(): boolean;
  onLeave(how: 'refused' | 'left'): void;
}

const setText = StateEffect.define<string | null>();
const taking = Annotation.define<boolean>();
const refusing = Annotation.define<boolean>();

const ghostField = StateField.define<Ghost | null>({
  create: () => null,
  update: (ghost, transaction) => {
    const moved = ghost && follow(ghost, transaction);
    const effect = transaction.effects.find((each) => each.is(setText));
    if (!effect) return moved;
    if (effect.value === null) return null;
    if (moved && effect.value.startsWith(moved.text)) return { ...moved, text: effect.value };
    return { pos: transaction.state.selection.main.head, text: effect.value, taken: 0 };
  },
  provide: (field) =>
    EditorView.decorations.from(field, (ghost) => {
      if (!ghost || restOf(ghost) === '') return Decoration.none;
      const widget = new GhostWidget(restOf(ghost));
      return Decoration.set(Decoration.widget({ widget, side: 1 }).range(ghost.pos));
    }),
});

/** Whoever types what is suggested keeps the rest of it; anything else, and a cursor elsewhere, ends it. */
function follow(ghost: Ghost, transaction: Transaction): Ghost | null {
  if (transaction.docChanged) {
    const typed = insertionAt(transaction, ghost.pos);
    if (typed === undefined || !restOf(ghost).startsWith(typed)) return null;
    return { ...ghost, pos: ghost.pos + typed.length, taken: ghost.taken + typed.length };
  }
  const { main } = transaction.state.selection;
  return main.empty && main.head === ghost.pos ? ghost : null;
}

function restOf({ text, taken }: Ghost): string {
  return text.slice(taken);
}

/** What was inserted there, if that is all that changed. */
function insertionAt({ changes }: Transaction, pos: number): string | undefined {
  let count = 0;
  let text: string | undefined;
  changes.iterChanges((from, to, _fromB, _toB, inserted) => {
    count += 1;
    if (from === pos && to === pos) text = inserted.toString();
  });
  return count === 1 ? text : undefined;
}

/** Hidden from screen readers, which would read it as part of the text; the page tells them of it. */
class GhostWidget extends WidgetType {
  readonly #text: string;

  constructor(text: string) {
    super();
    this.#text = text;
  }

  override eq(other: GhostWidget): boolean {
    return other.#text === this.#text;
  }

  override get lineBreaks(): number {
    return this.#text.split('\n').length - 1;
  }

  override toDOM(): HTMLElement {
    const element = document.createElement('span');
    element.className = 'ghost';
    element.setAttribute('aria-hidden', 'true');
    element.textContent = this.#text;
    return element;
  }

  override updateDOM(element: HTMLElement): boolean {
    element.textContent = this.#text;
    return true;
  }

  override ignoreEvent(): boolean {
    return false;
  }
}

/** The suggestion as it is from now on, from its beginning; null for none. */
export function setGhost(text: string | null): StateEffect<string | null> {
  return setText.of(text);
}

/** Shows a text as it grows, or none. What was typed of it meanwhile stays typed. */
export function showGhost(view: EditorView, text: string | null): void {
  if (text === null && view.state.field(ghostField) === null) return;
  view.dispatch({ effects: setGhost(text) });
}

/** What could be taken now. */
export function ghostIn(state: EditorState): string {
  const ghost = state.field(ghostField);
  return ghost ? restOf(ghost) : '';
}

/** A word with what stands before it, so that indentation does not take a key of its own. */
const WORD = /^\s*(?:[\p{L}\p{N}_]+|[^\p{L}\p{N}_\s]+)/u;

function take(view: EditorView, part: (rest: string) => string): boolean {
  const ghost = view.state.field(ghostField);
  const rest = ghost ? restOf(ghost) : '';
  if (!ghost || rest === '') return false;
  const insert = part(rest);
  const end = ghost.pos + insert.length;
  view.dispatch({
    changes: { from: ghost.pos, insert },
    selection: { anchor: end },
    userEvent: 'input.complete',
    // undone by itself, whatever was typed before and after
    annotations: [isolateHistory.of('full'), taking.of(true)],
    scrollIntoView: true,
  });
  return true;
}

export const takeGhost = (view: EditorView): boolean => take(view, (rest) => rest);
const takeWord = (view: EditorView) => take(view, (rest) => WORD.exec(rest)?.[0] ?? rest);

/** Says no to what is shown. */
export function refuseGhost(view: EditorView): boolean {
  if (ghostIn(view.state) === '') return false;
  view.dispatch({ effects: setText.of(null), annotations: refusing.of(true) });
  return true;
}

/** Suggestions in the text: Tab takes one, Ctrl or ⌘ with → a word of it, Escape says no. */
export function ghostText(events: GhostEvents): Extension {
  return [
    ghostField,
    Prec.highest(
      keymap.of([
        { key: 'Tab', run: takeGhost },
        { key: 'Mod-ArrowRight', run: takeWord },
        { key: 'Escape', run: refuseGhost },
      ]),
    ),
    EditorView.updateListener.of((update) => tell(update, events)),
    // the last change of a composed word came before its end
    EditorView.domEventHandlers({ compositionend: () => events.onType() }),
  ];
}

function tell(update: ViewUpdate, events: GhostEvents): void {
  const { docChanged, selectionSet, transactions } = update;
  const before = update.startState.field(ghostField);
  const after = update.state.field(ghostField);
  const isTaken = transactions.some((each) => each.annotation(taking));
  const isRefused = transactions.some((each) => each.annotation(refusing));
  const isSet = transactions.some(({ effects }) => effects.some((effect) => effect.is(setText)));
  if (isRefused) events.onLeave('refused');
  else if (before && after && docChanged) {
    const isUsedUp = restOf(after) === '';
    if (isTaken) events.onTake(isUsedUp);
    const isOver = isUsedUp && (isTaken || events.onTypedOut());
    if (!isOver) return;
  } else if (!after && !isSet && (docChanged || selectionSet)) events.onLeave('left');
  if (docChanged && transactions.some(isTyping)) events.onType();
}

function isTyping(transaction: Transaction): boolean {
  return transaction.isUserEvent('input') || transaction.isUserEvent('delete');
}
