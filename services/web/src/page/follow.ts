import type { ImageEvent } from '@genfleet/client';
import { announce } from './announce.ts';
import { active, dropLive, jobs, live, onStage, patch, replace, setLive } from './jobs.ts';
import { isEnded, worthStreaming } from './merge.ts';
import { client } from './server.ts';
import { queueLine, reason } from './wording.ts';

/** How long a job whose stream broke is followed by polls alone, in ms. */
const COOL_DOWN_MS = 5_000;
/** Broken connections in a row before the polls take over. */
const MAX_RECONNECTS = 2;
/** The shortest time a preview is seen, in ms, as long as the page is not too far behind. */
const FRAME_MS = 80;
const MAX_FRAMES = 25;

const streams = new Map<string, AbortController>();
/** Where to resume, by job; only for jobs under way. */
const lastEventIds = new Map<string, string>();
const brokenAtMs = new Map<string, number>();

/** Opens the streams that are worth having now and closes the others. None while nobody looks at the page. */
export function chooseStreams(): void {
  const now = performance.now();
  const isCool = ({ id }: { id: string }) =>
    now - (brokenAtMs.get(id) ?? Number.NEGATIVE_INFINITY) > COOL_DOWN_MS;
  const wanted = document.hidden ? [] : worthStreaming(active.value.filter(isCool), onStage.value?.id);
  for (const [id, stream] of streams) if (!wanted.includes(id)) stream.abort();
  for (const id of wanted) if (!streams.has(id)) void follow(id);
}

async function follow(id: string): Promise<void> {
  const stream = new AbortController();
  streams.set(id, stream);
  const lastEventId = lastEventIds.get(id);
  try {
    const events = client.events(id, {
      signal: stream.signal,
      maxReconnects: MAX_RECONNECTS,
      ...(lastEventId === undefined ? {} : { lastEventId }),
    });
    let frames = 0;
    for await (const event of events) {
      apply(event);
      if (event.type !== 'progress' || event.data.preview === undefined) continue;
      frames += 1;
      if (frames <= MAX_FRAMES) await frame();
    }
    // ended: with its last event, or because there was nothing left to tell
    lastEventIds.delete(id);
    const known = jobs.value.get(id);
    if (known && active.value.includes(known)) replace(await client.getImage(id));
  } catch {
    // the polls go on and find out what it was
    if (!stream.signal.aborted) brokenAtMs.set(id, performance.now());
  } finally {
    streams.delete(id);
  }
}

/** A fast engine draws faster than one can see: its steps are shown one after the other all the same. */
function frame(): Promise<void> {
  const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  return isCalm ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, FRAME_MS));
}

function apply(event: ImageEvent): void {
  const { id } = event.data;
  if (event.eventId !== undefined) lastEventIds.set(id, event.eventId);
  switch (event.type) {
    case 'queued':
      if (jobs.value.get(id)?.status === 'queued') patch(id, { queue: event.data.queue });
      tell(id, queueLine(event.data.queue));
      break;
    case 'started':
      dropLive(id);
      patch(id, { status: 'running', attempt: event.data.attempt, model: event.data.model, queue: null });
      tell(id, 'Started');
      break;
    case 'progress': {
      const { attempt, step, steps, preview } = event.data;
      const known = jobs.value.get(id);
      // a poll may have been faster with the end
      if (known && isEnded(known)) break;
      if (known?.status !== 'running') patch(id, { status: 'running', attempt, queue: null });
      // not every step brings a new one
      setLive(id, { step, steps, preview: preview ?? live.value.get(id)?.preview });
      break;
    }
    case 'retrying':
      dropLive(id);
      void reread(id);
      tell(id, `Attempt ${event.data.attempt} failed: ${reason(event.data.code)}. Trying again.`);
      break;
    default:
      if (event.type !== 'completed') dropLive(id);
      brokenAtMs.delete(id);
      replace(event.data.image);
      tell(id, END_WORDS[event.type]);
      chooseStreams();
  }
}

const END_WORDS = { completed: 'The picture is ready', dead: 'It failed', cancelled: 'Cancelled' } as const;

function tell(id: string, text: string): void {
  if (onStage.value?.id === id) announce(text);
}

/** Reads a job again; what goes wrong is left to the polls. */
export async function reread(id: string): Promise<void> {
  await client.getImage(id).then(replace, () => undefined);
}
