import { replaceAddress, route } from '../route.ts';
import { filterOf, type JobFilter, jobsHref } from './filter.ts';

/** Changes the filter that the address has by now, and nothing once the jobs have been left. */
export function changeFilter(by: Partial<JobFilter>): void {
  const at = route.value;
  if (at.view === 'jobs') replaceAddress(jobsHref({ ...filterOf(at.query), ...by }, at.id));
}
