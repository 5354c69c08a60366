import type { OpenAiError } from '@genfleet/client/types';
import exec from 'k6/execution';
import { Counter, Trend } from 'k6/metrics';
import { setTimeout } from 'k6/timers';
import { RUN, shapeOf } from '../k6/asked.ts';
import { post, postMeanwhile } from '../k6/calls.ts';
import { optionsOf } from '../k6/options.ts';
import { LINES, suggestionFor } from '../k6/texts.ts';

/** People type 120 to 250 ms from key to key, and roll over some pairs of keys. */
const KEY_MS = { least: 120, most: 250, rolled: 10 };
const ROLLED_EVERY = 4;
/** An editor asks from the third character of a line on. */
const FIRST_ASKED = 3;
/** After which lines somebody moves on before the suggestion comes, and how soon. */
const HANG_UP = { every: 4, afterMs: 15 };
const ACCEPTED_SHARE = 0.3;

const shape = shapeOf('typing');
const suggestionTime = new Trend('suggestion_time', true);
const suggestions = new Counter('suggestions');
const superseded = new Counter('superseded');
const overtaken = new Counter('answered_before_the_next_key');
const hungUp = new Counter('hung_up');

export const options = optionsOf('typing', shape, {
  scenarios: {
    typists: {
      executor: 'constant-vus',
      vus: shape.vus,
      duration: `${shape.durationSeconds}s`,
      gracefulStop: '30s',
    },
  },
  apart: ['http_req_duration{name:complete}'],
});

/** Types a line, with a request for each key; the last is waited for, unless its writer moves on. */
export default async function typeLine(): Promise<void> {
  const { above, line, below } = LINES[exec.vu.iterationInInstance % LINES.length] ?? {
    above: '',
    line: '',
    below: '',
  };
  const session = `${RUN}-${exec.vu.idInTest}`;
  const before: Promise<void>[] = [];
  for (let typed = FIRST_ASKED; typed < line.length; typed += 1) {
    before.push(overtake(above + line.slice(0, typed), below, session));
    const isRolled = typed % ROLLED_EVERY === 0;
    await pause(isRolled ? KEY_MS.rolled : KEY_MS.least + Math.random() * (KEY_MS.most - KEY_MS.least));
  }
  if (exec.vu.iterationInInstance % HANG_UP.every === HANG_UP.every - 1)
    await leave(above + line, below, session);
  else await take(above + line, below, session);
  await Promise.all(before);
}

/** A request that the next key's is to overtake. */
async function overtake(above: string, below: string, session: string): Promise<void> {
  const answer = await ask(above, below, session, { expect: [200, 409] });
  if (answer.status === 200) overtaken.add(1);
  if (answer.status !== 409) return;
  const { code } = (answer.json() as unknown as OpenAiError).error;
  if (code === 'superseded') superseded.add(1);
  else console.warn(`409 ${code}`);
}

/** The last key's request: its answer is what the person sees. */
async function take(above: string, below: string, session: string): Promise<void> {
  const answer = await ask(above, below, session, { expect: [200] });
  if (answer.status !== 200) return;
  suggestionTime.add(answer.timings.duration);
  suggestions.add(1);
  const { id } = answer.json() as unknown as { readonly id: string };
  const accepted = Math.random() < ACCEPTED_SHARE;
  post(`/v1/completions/${id}/feedback`, { accepted }, { route: 'feedback', expect: [204] });
}

/** Hangs up before the answer; a quick one may come all the same. */
async function leave(above: string, below: string, session: string): Promise<void> {
  const { status } = await ask(above, below, session, { expect: [0, 200], timeoutMs: HANG_UP.afterMs });
  if (status === 0) hungUp.add(1);
}

function ask(
  above: string,
  below: string,
  session: string,
  options: { readonly expect: readonly number[]; readonly timeoutMs?: number },
) {
  const headers = { 'x-session-id': session };
  return postMeanwhile('/v1/completions', suggestionFor(above, below), {
    route: 'complete',
    headers,
    ...options,
  });
}

/** As `sleep`, but answers are taken meanwhile. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
