import { effect } from '@preact/signals';
import { announce } from './announce.ts';
import { active, live, onStage } from './jobs.ts';
import { type Route, route } from './route.ts';

const PICTURES = 'Pictures';
const NAMES: Readonly<Record<Route['view'], string>> = {
  gallery: PICTURES,
  // a dialog over them, which has a name of its own
  image: PICTURES,
  code: 'Code',
  jobs: 'Jobs',
  'dead-letters': 'Dead letters',
};

/** So that a tab in the background tells what it is, and how far its picture. */
export function showProgressInTitle(): void {
  effect(() => {
    const image = onStage.value;
    const steps = image?.status === 'running' ? (live.value.get(image.id) ?? image.progress) : undefined;
    const prefix = steps ? `${steps.step}/${steps.steps} · ` : active.value.length > 0 ? '… ' : '';
    const name = NAMES[route.value.view];
    document.title = `${prefix}${name === PICTURES ? '' : `${name} · `}Genfleet`;
  });
}

/** Nothing is loaded when one goes from page to page here, so nobody else says where one has come. */
export function announcePages(): void {
  let before = NAMES[route.value.view];
  effect(() => {
    const name = NAMES[route.value.view];
    if (name !== before) announce(name);
    before = name;
  });
}
