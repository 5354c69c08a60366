import { signal } from '@preact/signals';

/** What the address after `#` shows: the gallery, one picture over it, the dead letters, or the editor. */
export type Route =
  | { readonly view: 'gallery' }
  | { readonly view: 'image'; readonly id: string }
  | { readonly view: 'dead-letters' }
  | { readonly view: 'code' };

const IMAGE = /^#\/images\/([0-9a-f-]{36})$/;

export function routeOf(hash: string): Route {
  if (hash === '#/dead-letters') return { view: 'dead-letters' };
  if (hash === '#/code') return { view: 'code' };
  const id = IMAGE.exec(hash)?.[1];
  return id === undefined ? { view: 'gallery' } : { view: 'image', id };
}

export const imageHref = (id: string): string => `#/images/${id}`;

export const route = signal<Route>({ view: 'gallery' });

export function followAddress(): void {
  const read = () => {
    // the skip link leads within the page
    if (window.location.hash === '#main') return;
    route.value = routeOf(window.location.hash);
  };
  window.addEventListener('hashchange', read);
  read();
}

/** Takes the place of the picture in the history, so that Back does not open it again. */
export function toGallery(): void {
  if (route.value.view !== 'image') return;
  history.replaceState(null, '', '#/');
  route.value = { view: 'gallery' };
}
