import type { JSX } from 'preact';

/** Line drawings on a 24-pixel grid, in the colour of the text around them. */
const PATHS = {
  settings: 'M4 7h9m5 0h2M4 17h2m5 0h9M13 4.5v5M8 14.5v5',
  close: 'M6 6l12 12M18 6L6 18',
  dice: 'M5 5h14v14H5zM9 9h.01M15 15h.01M15 9h.01M9 15h.01M12 12h.01',
  download: 'M12 4v11m-4.5-4L12 15.5 16.5 11M5 19.5h14',
  again: 'M19 12a7 7 0 1 1-2.2-5.1M19 3.5V8h-4.5',
  chart: 'M5 19.5v-8m7 8v-15m7 15V14M3 19.5h18',
  check: 'M5 12.5l5 5L19.5 7',
  copy: 'M9 9h10v10H9zM15 5.5V5H5v10h.5',
  stop: 'M7 7h10v10H7z',
  hide: 'M4 4l16 16M10 6.2A9 9 0 0 1 12 6c5 0 8 6 8 6a14 14 0 0 1-2.6 3.3M6.4 8A13 13 0 0 0 4 12s3 6 8 6a8 8 0 0 0 3.5-.8',
  previous: 'M14.5 5.5L8 12l6.5 6.5',
  next: 'M9.5 5.5L16 12l-6.5 6.5',
  warning: 'M12 4.5l8.5 15h-17zM12 10v4.5M12 17h.01',
  key: 'M14.5 4a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM10.6 13.4L4.5 19.5m0 0l2 2m-2-2h0m3-3l2 2M15.5 8.5h.01',
  auto: 'M12 4a8 8 0 1 0 0 16zM12 4a8 8 0 0 1 0 16',
  light:
    'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2.5v2m0 15v2m9.5-9.5h-2m-15 0h-2m16.2-6.7l-1.4 1.4M6.7 17.3l-1.4 1.4m13.4 0l-1.4-1.4M6.7 6.7L5.3 5.3',
  dark: 'M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
