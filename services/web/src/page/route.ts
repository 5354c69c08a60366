import { signal } from '@preact/signals';

/** What the address after `#` shows. */
export type Route =
  | { readonly view: 'gallery' }
  /** One picture, over the gallery. */
  | { readonly view: 'image'; readonly id: string }
  | { readonly view: 'dead-letters' }
  | { readonly view: 'code' }
  /** The table, under the filters of the query; the history of a job over it if there is an id. */
  | { readonly view: 'jobs'; readonly id: string | undefined; readonly query: string };

const ID = '[0-9a-f-]{36}';
const IMAGE = new RegExp(`^#/images/(${ID})$`);
const JOBS = new RegExp(`^#/jobs(?:/(${ID}))?(?:\\?(.*))?$`);

export function routeOf(hash: string): Route {
  if (hash === '#/dead-letters') return { view: 'dead-letters' };
  if (hash === '#/code') return { view: 'code' };
  const jobs = JOBS.exec(hash);
  if (jobs) return { view: 'jobs', id: jobs[1], query: jobs[2] ?? '' };
  const id = IMAGE.exec(hash)?.[1];
  return id === undefined ? { view: 'gallery' } : { view: 'image', id };
}

export const imageHref = (id: string): string => `#/images/${id}`;

export const route = signal<Route>({ view: 'gallery' });

export function followAddress(): void {
  const read = () => {
    route.value = routeOf(window.location.hash);
  };
  window.addEventListener('hashchange', read);
  read();
}

/** Goes there in place of where one is, which Back then skips. */
export function replaceAddress(href: string): void {
  history.replaceState(null, '', href);
  route.value = routeOf(href);
}

export function toGallery(): void {
  if (route.value.view === 'image') replaceAddress('#/');
}
