import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Bars, MARGIN } from './bars.tsx';
import { type Bin, type Counts, OUTCOMES, sumOf, totalOf } from './throughput.ts';
import { periodLabel } from './time-labels.ts';

function countsLine(counts: Counts): string {
  const told = OUTCOMES.filter((outcome) => counts[outcome] > 0);
  return told.map((outcome) => `${counts[outcome]} ${outcome}`).join(', ') || 'none';
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
