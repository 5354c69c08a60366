import type { Bin } from './throughput.ts';

export const DAY_MS = 86_400_000;

export const dateLabel = (ms: number) =>
  new Date(ms).toLocaleDateString(undefined, { month: 'short', day: 'numeric' });
export const clockLabel = (ms: number) =>
  new Date(ms).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });

/** The time of a bin, as exact as it is wide. */
export function periodLabel({ fromMs, toMs }: Bin): string {
  if (toMs - fromMs > DAY_MS) return `${dateLabel(fromMs)} to ${dateLabel(toMs - 1)}`;
  if (toMs - fromMs === DAY_MS) return dateLabel(fromMs);
  return `${dateLabel(fromMs)}, ${clockLabel(fromMs)} to ${clockLabel(toMs)}`;
}
