import type { Image, NewImage } from '@genfleet/client';
import { announce } from './announce.ts';
import { draftOf, requestOf, withNewSeed } from './draft.ts';
import { chooseStreams } from './follow.ts';
import { draft, edit, forgetRefusal, isSending, refusal, refusalOf } from './form.ts';
import { chosenId, take, total } from './jobs.ts';
import { toGallery } from './route.ts';
import { client, isUnanswered } from './server.ts';
import { pollSoon } from './watch.ts';

const SEND_TRIES = 4;
const SEND_PAUSE_MS = 700;

/** Puts the job of the form in line and shows it. */
export async function generate(): Promise<void> {
  await send(requestOf(draft.value));
}

/** The same job with a seed of its own. */
export async function again(image: Image): Promise<void> {
  toGallery();
  await send(withNewSeed(image));
}

/** Fills the form with what made this picture, seed and all. */
export function reuse(image: Image): void {
  forgetRefusal();
  edit(draftOf(image.generation_settings));
  toGallery();
  document.getElementById('prompt')?.focus();
}

async function send(request: NewImage): Promise<void> {
  if (isSending.value) return;
  isSending.value = true;
  forgetRefusal();
  try {
    const id = await create(request);
    take([await client.getImage(id)]);
    total.value += 1;
    chosenId.value = id;
    announce('In line');
    showStage();
    chooseStreams();
    pollSoon(0);
  } catch (error) {
    refusal.value = refusalOf(error);
    showFault();
  } finally {
    isSending.value = false;
  }
}

/** On a phone the stage is below the form. */
function showStage(): void {
  const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  document
    .getElementById('stage')
    ?.scrollIntoView({ block: 'nearest', behavior: isCalm ? 'instant' : 'smooth' });
}

/** Leads to the first field that is wrong, also where it is folded away. */
function showFault(): void {
  const [field] = Object.keys(refusal.value.fields);
  const control = field === undefined ? null : document.getElementById(field);
  control?.closest('details')?.setAttribute('open', '');
  control?.focus();
}

/** Tries again while the server is away; the key makes sure that it is one job however often it arrives. */
async function create(request: NewImage): Promise<string> {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const idempotencyKey = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  for (let tries = 1; ; tries += 1) {
    try {
      return (await client.createImage(request, { idempotencyKey })).id;
    } catch (error) {
      // a full queue says when to come back, which the user should know
      if (tries === SEND_TRIES || !isUnanswered(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, SEND_PAUSE_MS * tries));
    }
  }
}
