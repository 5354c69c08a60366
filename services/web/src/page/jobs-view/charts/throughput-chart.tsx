import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { type Bin, type Counts, OUTCOMES, sumOf, ticksTo, totalOf } from './throughput.ts';

const HEIGHT = 170;
const MARGIN = { top: 8, right: 4, bottom: 22, left: 40 };
/** Room that a label of the axis of time wants. */
const LABEL_PX = 76;
const DAY_MS = 86_400_000;

function countsLine(counts: Counts): string {
  const told = OUTCOMES.filter((outcome) => counts[outcome] > 0);
  return told.map((outcome) => `${counts[outcome]} ${outcome}`).join(', ') || 'none';
}

const dateLabel = (ms: number) =>
  new Date(ms).toLocaleDateString(undefined, { month: 'short', day: 'numeric' });
const clockLabel = (ms: number) =>
  new Date(ms).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });

function periodLabel({ fromMs, toMs }: Bin): string {
  if (toMs - fromMs > DAY_MS) return `${dateLabel(fromMs)} to ${dateLabel(toMs - 1)}`;
  if (toMs - fromMs === DAY_MS) return dateLabel(fromMs);
  return `${dateLabel(fromMs)}, ${clockLabel(fromMs)} to ${clockLabel(toMs)}`;
}

/** How many jobs ended when, stacked by how. Pointer and arrow keys read out single bars. */
export function ThroughputChart({ bins }: { bins: readonly Bin[] }): JSX.Element {
  const chosen = useSignal<number | undefined>(undefined);
  const place = useRef<HTMLDivElement>(null);
  const width = useWidth(place);
  const bin = chosen.value === undefined ? undefined : bins[chosen.value];
  const said = bin ? `${periodLabel(bin)}: ${countsLine(bin.counts)}` : `In all: ${countsLine(sumOf(bins))}`;
  const point = (clientX: number) => {
    const box = place.current?.getBoundingClientRect();
    if (!box) return;
    const share = (clientX - box.left - MARGIN.left) / (box.width - MARGIN.left - MARGIN.right);
    chosen.value = Math.max(0, Math.min(bins.length - 1, Math.floor(share * bins.length)));
  };
  return (
    <>
      <p class="readout">{said}</p>
      <div
        ref={place}
        class="plot"
        role="slider"
        tabIndex={0}
        aria-label="Jobs that ended, by time"
        aria-valuemin={1}
        aria-valuemax={bins.length}
        aria-valuenow={(chosen.value ?? bins.length - 1) + 1}
        aria-valuetext={said}
        onPointerMove={({ clientX }) => point(clientX)}
        onPointerLeave={() => (chosen.value = undefined)}
        onBlur={() => (chosen.value = undefined)}
        onKeyDown={(event) => {
          const next = stepped(event.key, chosen.value, bins.length);
          if (next === undefined) return;
          event.preventDefault();
          chosen.value = next;
        }}
      >
        {width > 0 && <Bars bins={bins} width={width} chosen={chosen.value} />}
      </div>
      <Legend />
      <BinTable bins={bins} />
    </>
  );
}

/** Where a key leads among `count` bars; from the last one, which is the newest, to begin with. */
function stepped(key: string, from: number | undefined, count: number): number | undefined {
  const last = count - 1;
  const by: Record<string, number> = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 };
  if (key === 'Home') return 0;
  if (key === 'End') return last;
  const step = by[key];
  return step === undefined ? undefined : Math.max(0, Math.min(last, (from ?? count) + step));
}

interface BarsProps {
  readonly bins: readonly Bin[];
  readonly width: number;
  readonly chosen: number | undefined;
}

function Bars({ bins, width, chosen }: BarsProps): JSX.Element {
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
            {tick}
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
    .filter(({ index, x }) => index % every === 0 && x + LABEL_PX / 2 < innerWidth)
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

function Legend(): JSX.Element {
  return (
    <ul class="legend">
      {OUTCOMES.map((outcome) => (
        <li key={outcome}>
          <span class="swatch" data-outcome={outcome} />
          {outcome}
        </li>
      ))}
    </ul>
  );
}

/** The same in figures. */
function BinTable({ bins }: { bins: readonly Bin[] }): JSX.Element {
  return (
    <details>
      <summary>As a table</summary>
      <table class="figures-table">
        <thead>
          <tr>
            <th scope="col">Time</th>
            {OUTCOMES.map((outcome) => (
              <th key={outcome} scope="col">
                {outcome}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {bins
            .filter(({ counts }) => totalOf(counts) > 0)
            .map((bin) => (
              <tr key={bin.fromMs}>
                <th scope="row">{periodLabel(bin)}</th>
                {OUTCOMES.map((outcome) => (
                  <td key={outcome}>{bin.counts[outcome]}</td>
                ))}
              </tr>
            ))}
        </tbody>
      </table>
    </details>
  );
}

/** Of an element as it is laid out, in CSS pixels; 0 before that. */
function useWidth(place: { readonly current: HTMLElement | null }): number {
  const width = useSignal(0);
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const observer = new ResizeObserver(() => (width.value = element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return width.value;
}
