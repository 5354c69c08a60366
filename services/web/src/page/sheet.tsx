import type { ComponentChildren, JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { Icon } from './icons.tsx';

/** A way from one sheet to one beside it. */
export interface Neighbour {
  readonly label: string;
  /** Undefined where there is none. */
  readonly go: (() => void) | undefined;
}

interface Props {
  readonly title: string;
  readonly newer: Neighbour;
  readonly older: Neighbour;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** One thing in full, over the page. Escape and Back close it; the arrow keys go to its neighbours. */
export function Sheet({ title, newer, older, onClose, children }: Props): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  // before anything is painted: the next key is for the dialog
  useLayoutEffect(() => {
    const element = dialog.current;
    if (element && !element.open) element.showModal();
    // closing gives the focus back to where it came from
    return () => element?.close();
  }, []);
  const close = () => dialog.current?.close();
  return (
    <dialog
      ref={dialog}
      class="details-dialog"
      aria-labelledby="details-title"
      onClose={onClose}
      onKeyDown={({ key }) => {
        if (key === 'ArrowRight') older.go?.();
        else if (key === 'ArrowLeft') newer.go?.();
      }}
      onClick={(event) => event.target === dialog.current && close()}
    >
      <div class="sheet">
        <div class="bar">
          <h2 id="details-title" dir="auto">
            {title}
          </h2>
          <NeighbourButton {...newer} icon="previous" />
          <NeighbourButton {...older} icon="next" />
          <button type="button" class="quiet round" aria-label="Close" onClick={close}>
            <Icon name="close" />
          </button>
        </div>
        {children}
      </div>
    </dialog>
  );
}

/** Not `disabled` at the ends: that would take the focus away, and the arrow keys with it. */
function NeighbourButton({ label, go, icon }: Neighbour & { icon: 'previous' | 'next' }): JSX.Element {
  return (
    <button
      type="button"
      class="quiet round"
      aria-label={label}
      aria-disabled={go === undefined}
      onClick={() => go?.()}
    >
      <Icon name={icon} />
    </button>
  );
}
