import { ApiError, type Image } from '@genfleet/client';
import { signal } from '@preact/signals';
import { announce } from './announce.ts';
import { dropLive, gallery, patch, replace } from './jobs.ts';
import { isEnded } from './merge.ts';
import { client, messageOf } from './server.ts';
import { refreshSoon } from './watch.ts';

const IN_LINE = {
  status: 'queued',
  attempt: 0,
  failures: [],
  error: null,
  queue: null,
} satisfies Partial<Image>;

/** What the last button could not do. */
export const trouble = signal<string | undefined>(undefined);

/** Runs what a button asks for; what goes wrong is shown, and forgotten with the next try. */
async function attempt(action: () => Promise<void>): Promise<void> {
  trouble.value = undefined;
  try {
    await action();
  } catch (error) {
    trouble.value = messageOf(error);
  }
  refreshSoon();
}

export const cancel = (id: string): Promise<void> =>
  attempt(async () => {
    const image = await client.cancelImage(id).catch((error: unknown) => {
      // another end was first: show which
      if (error instanceof ApiError && error.status === 409) return client.getImage(id);
      throw error;
    });
    if (!image || !isEnded(image)) return;
    if (image.status === 'cancelled') dropLive(id);
    replace(image);
    announce(image.status === 'cancelled' ? 'Cancelled' : 'It had ended before');
  });

export const redrive = (id: string): Promise<void> =>
  attempt(async () => {
    await client.redrive(id);
    replace(await client.getImage(id));
    announce('Back in line');
  });

export const redriveAll = (): Promise<void> =>
  attempt(async () => {
    const { redriven, remaining } = await client.redriveAll();
    // the polls read how each of them goes on
    if (remaining === 0) {
      for (const { id, redrive: life, status } of gallery.value) {
        if (status === 'dead') patch(id, { ...IN_LINE, redrive: life + 1 });
      }
    }
    announce(`${redriven} back in line`);
  });
