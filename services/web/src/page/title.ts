import { effect } from '@preact/signals';
import { active, live, onStage } from './jobs.ts';
import { route } from './route.ts';

const PLACES: Readonly<Record<string, string>> = {
  code: 'Code · ',
  jobs: 'Jobs · ',
  'dead-letters': 'Dead letters · ',
};

/** So that a tab in the background tells what it is, and how far its picture. */
export function showProgressInTitle(): void {
  effect(() => {
    const image = onStage.value;
    const steps = image?.status === 'running' ? (live.value.get(image.id) ?? image.progress) : undefined;
    const prefix = steps ? `${steps.step}/${steps.steps} · ` : active.value.length > 0 ? '… ' : '';
    const place = PLACES[route.value.view] ?? '';
    document.title = `${prefix}${place}Genfleet`;
  });
}
