import type { JSX } from 'preact';
import { type Bin, OUTCOMES, ticksTo, totalOf } from './throughput.ts';
import { clockLabel, DAY_MS, dateLabel } from './time-labels.ts';

const HEIGHT = 170;
export const MARGIN = { top: 8, right: 4, bottom: 22, left: 40 };
/** `150`, `2K`: what there is room for. */
const JOBS = new Intl.NumberFormat(undefined, { notation: 'compact' });
/** Room that a label of the axis of time wants. */
const LABEL_PX = 76;

interface BarsProps {
  readonly bins: readonly Bin[];
  readonly width: number;
  readonly chosen: number | undefined;
}

/** Bars over time with both axes, for eyes alone. */
export function Bars({ bins, width, chosen }: BarsProps): JSX.Element {
  const inner = { width: width - MARGIN.left - MARGIN.right, height: HEIGHT - MARGIN.top - MARGIN.bottom };
  const ticks = ticksTo(Math.max(...bins.map(({ counts }) => totalOf(counts))));
  const top = ticks.at(-1) ?? 1;
  const step = inner.width / bins.length;
  const yOf = (jobs: number) => MARGIN.top + inner.height * (1 - jobs / top);
  return (
    <svg width={width} height={HEIGHT} aria-hidden="true">
      {ticks.map((tick) => (
        <g key={tick} class="tick">
          <line x1={MARGIN.left} x2={width - MARGIN.right} y1={yOf(tick)} y2={yOf(tick)} />
          <text x={MARGIN.left - 6} y={yOf(tick)} dy="0.32em" text-anchor="end">
            {JOBS.format(tick)}
          </text>
        </g>
      ))}
      {bins.map((bin, index) => (
        <Bar
          key={bin.fromMs}
          bin={bin}
          x={MARGIN.left + index * step}
          width={step}
          yOf={yOf}
          isChosen={index === chosen}
        />
      ))}
      <TimeLabels bins={bins} step={step} innerWidth={inner.width} />
    </svg>
  );
}

interface BarProps {
  readonly bin: Bin;
  readonly x: number;
  readonly width: number;
  readonly yOf: (jobs: number) => number;
  readonly isChosen: boolean;
}

function Bar({ bin, x, width, yOf, isChosen }: BarProps): JSX.Element {
  const gap = Math.min(4, width * 0.2);
  let below = 0;
  const parts = OUTCOMES.filter((outcome) => bin.counts[outcome] > 0).map((outcome) => {
    const bottom = yOf(below);
    below += bin.counts[outcome];
    return { outcome, y: yOf(below), height: bottom - yOf(below) };
  });
  return (
    <g>
      {isChosen && <rect class="chosen" x={x} width={width} y={MARGIN.top} height={yOf(0) - MARGIN.top} />}
      {parts.map(({ outcome, y, height }) => (
        <rect
          key={outcome}
          data-outcome={outcome}
          x={x + gap / 2}
          width={width - gap}
          y={y}
          // something is never nothing
          height={Math.max(1, height)}
        />
      ))}
    </g>
  );
}

function TimeLabels({ bins, step, innerWidth }: { bins: readonly Bin[]; step: number; innerWidth: number }) {
  const first = bins[0];
  const last = bins.at(-1);
  if (!first || !last) return null;
  const label = last.toMs - first.fromMs > 2 * DAY_MS ? dateLabel : clockLabel;
  const every = Math.max(1, Math.ceil(LABEL_PX / step));
  const places = bins
    .map(({ fromMs }, index) => ({ text: label(fromMs), x: index * step, index }))
    .filter(({ index, x }) => index % every === 0 && x + LABEL_PX <= innerWidth)
    // a day is named once
    .filter(({ text }, index, all) => text !== all[index - 1]?.text);
  return (
    <g class="tick">
      {places.map(({ text, x, index }) => (
        <text key={index} x={MARGIN.left + x} y={HEIGHT - 6}>
          {text}
        </text>
      ))}
    </g>
  );
}
