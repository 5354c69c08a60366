import type { JSX } from 'preact';
import { duration } from '../../wording.ts';
import { longestMs, placeOf, type Spread } from './waits.ts';

/** A line for each model: dots from its median to its slowest runs, and the same in figures. */
export function SpreadChart({ spreads }: { spreads: readonly Spread[] }): JSX.Element {
  const longest = longestMs(spreads);
  const names = spreads[0]?.percentiles.map(({ name }) => name) ?? [];
  return (
    <>
      <table class="figures-table spreads">
        <thead>
          <tr>
            <th scope="col">Model</th>
            <th scope="col">Runs</th>
            <td class="drawn" />
            {names.map((name) => (
              <th key={name} scope="col" title={`${name.slice(1)} % took no longer`}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {spreads.map((spread) => (
            <tr key={spread.name}>
              <th scope="row">{spread.name}</th>
              <td>{spread.runs}</td>
              <td class="drawn">
                <Dots spread={spread} longest={longest} />
              </td>
              {spread.percentiles.map(({ name, ms }) => (
                <td key={name}>{duration(ms)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <p class="hint">
        p50 is what half of them took at most, p95 and p99 what 95 and 99 of 100 did. Dots stand on one scale,
        by the square root of the time.
      </p>
    </>
  );
}

function Dots({ spread, longest }: { spread: Spread; longest: number }): JSX.Element {
  const places = spread.percentiles.map(({ name, ms }) => ({
    name,
    ms,
    share: `${4 + placeOf(ms, longest) * 92}%`,
  }));
  return (
    <svg class="dots" aria-hidden="true">
      <line x1={places[0]?.share} x2={places.at(-1)?.share} y1="50%" y2="50%" />
      {places.map(({ name, ms, share }) => (
        <circle key={name} cx={share} cy="50%" r="5">
          <title>{`${name}: ${duration(ms)}`}</title>
        </circle>
      ))}
    </svg>
  );
}
