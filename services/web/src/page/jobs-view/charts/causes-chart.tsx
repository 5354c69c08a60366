import type { JSX } from 'preact';
import { reason } from '../../wording.ts';
import type { Cause } from './failures.ts';

/** A bar for each reason, with its count. */
export function CausesChart({ causes }: { causes: readonly Cause[] }): JSX.Element {
  const most = Math.max(1, ...causes.map(({ jobs }) => jobs));
  return (
    <table class="figures-table">
      <thead>
        <tr>
          <th scope="col">Reason</th>
          <th scope="col">Jobs</th>
          <td class="drawn" />
        </tr>
      </thead>
      <tbody>
        {causes.map(({ code, jobs }) => (
          <tr key={code}>
            <th scope="row">{reason(code)}</th>
            <td>{jobs}</td>
            <td class="drawn">
              <svg class="cause" aria-hidden="true">
                <rect data-outcome="failed" width={`${(jobs / most) * 100}%`} height="100%" rx="2" />
              </svg>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
