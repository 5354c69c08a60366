/** Writes docs/job-states.md from the transition table: `node tools/docs/job-states.ts`. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  JOB_STATUSES,
  type JobStatus,
  MAX_ATTEMPTS,
  TRANSITIONS,
  TRIGGERS,
  type Trigger,
} from '../../packages/job/src/index.ts';

export const JOB_STATES_FILE = fileURLToPath(new URL('../../docs/job-states.md', import.meta.url));

const MEANING: Record<JobStatus, string> = {
  unknown: 'events of it were read, its request not yet',
  queued: 'waits for its first run',
  running: 'a worker claimed it',
  retrying: 'a run failed or was lost, the next one waits for its time',
  completed: 'its artifacts are stored',
  dead: 'used up its attempts, or met an error that cannot get better: a dead letter',
  cancelled: 'taken back by its client',
};

const CAUSE: Record<Trigger, string> = {
  requested: 'a client asked for it',
  retried: 'a worker asks for the next attempt',
  redriven: 'a dead letter is brought back',
  started: 'a worker claims an attempt',
  released: 'a worker gives its claim back unfinished',
  completed: 'a worker made it',
  dead: 'a worker gives it up',
  cancelled: 'a client takes it back',
};

const next = (from: JobStatus, trigger: Trigger): readonly JobStatus[] => {
  const to = TRANSITIONS[from][trigger];
  return typeof to === 'string' ? [to] : to;
};

/** The page, whole. Pure. */
export function renderJobStates(): string {
  return `# States of a job

Made from \`TRANSITIONS\` in \`packages/job\` by \`node tools/docs/job-states.ts\`; a test holds them together.

A job is what its events say, folded by \`evolve\`. Events come over five topics that are read side by side, some
of them twice, so the fold gives the same state for every order and repetition: of several outcomes the first in
the ledger counts (publish time, then type, then place in its topic) and later ones change nothing. A job runs at
most ${MAX_ATTEMPTS} times in one life; a redrive begins a new one.

| status | meaning |
| --- | --- |
${JOB_STATUSES.map((status) => `| \`${status}\` | ${MEANING[status]} |`).join('\n')}

| trigger | cause |
| --- | --- |
${TRIGGERS.map((trigger) => `| \`${trigger}\` | ${CAUSE[trigger]} |`).join('\n')}

## The usual ways

\`\`\`mermaid
stateDiagram-v2
${drawing().join('\n')}
\`\`\`

## The whole table

What each trigger makes of each status when it is the newest event of the job; **bold** where the status changes.
More than one where it depends on the claims: whether the one given back was the only one, and whether the attempt
that a retry asks for has been claimed already. Only a dead letter is ever redriven by the API.

| | ${TRIGGERS.map((trigger) => `\`${trigger}\``).join(' | ')} |
| --- |${' --- |'.repeat(TRIGGERS.length)}
${JOB_STATUSES.map(tableRow).join('\n')}
`;
}

function tableRow(from: JobStatus): string {
  const cells = TRIGGERS.map((trigger) =>
    next(from, trigger)
      .map((to) => (to === from ? to : `**${to}**`))
      .join(', '),
  );
  return `| \`${from}\` | ${cells.join(' | ')} |`;
}

/** The changes of status, one arrow for each pair; `unknown` and redrives of what is no dead letter are left to the table. */
function drawing(): string[] {
  const drawn = JOB_STATUSES.filter((status) => status !== 'unknown');
  const arrows = drawn.flatMap((from) =>
    drawn.flatMap((to) => {
      const labels = TRIGGERS.filter(
        (trigger) =>
          to !== from && next(from, trigger).includes(to) && (trigger !== 'redriven' || from === 'dead'),
      );
      return labels.length > 0 ? [`  ${from} --> ${to}: ${labels.join(', ')}`] : [];
    }),
  );
  return ['  [*] --> queued: requested', ...arrows, '  completed --> [*]', '  cancelled --> [*]'];
}

if (import.meta.main) writeFileSync(JOB_STATES_FILE, renderJobStates());
