import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { JOB_STATES_FILE, renderJobStates } from './job-states.ts';

it('docs/job-states.md is what the transition table says; `node tools/docs/job-states.ts` writes it', () => {
  expect(readFileSync(JOB_STATES_FILE, 'utf8')).toBe(renderJobStates());
});
