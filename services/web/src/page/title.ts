import { effect } from '@preact/signals';
import { active, live, onStage } from './jobs.ts';

/** So that a tab in the background tells how far its picture is. */
export function showProgressInTitle(): void {
  effect(() => {
    const image = onStage.value;
    const steps = image?.status === 'running' ? (live.value.get(image.id) ?? image.progress) : undefined;
    const prefix = steps ? `${steps.step}/${steps.steps} · ` : active.value.length > 0 ? '… ' : '';
    document.title = `${prefix}Genfleet`;
  });
}
