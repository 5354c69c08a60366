import { lazyPart } from './lazy-part.tsx';

/** The editor and all that it brings. */
export const CodePage = lazyPart('the editor', async () => (await import('./code/code-view.tsx')).CodeView);

/** Who makes pictures need not load what operators look at. */
export const JobsPage = lazyPart(
  'the jobs',
  async () => (await import('./jobs-view/jobs-view.tsx')).JobsView,
);
