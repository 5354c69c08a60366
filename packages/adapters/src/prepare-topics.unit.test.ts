import { readConfig } from '@genfleet/config';
import { GenfleetError } from '@genfleet/job';
import { describe, expect, it } from '@jest/globals';
import { prepareTopics } from './prepare-topics.ts';

const fleet = readConfig({ BUS_URL: 'pulsar://broker:6650/public/images' });

/** A bus that answers every question in this way, and is never to make a topic. */
const busThat = (answer: () => Promise<undefined>) => ({
  ensureTopics: () => Promise.reject(new Error('makes topics')),
  lastMessageId: answer,
});
const failing = (error: Error) => busThat(() => Promise.reject(error));

describe('the topics of a fleet', () => {
  it('are only asked for', async () => {
    expect(
      await prepareTopics(
        busThat(async () => undefined),
        fleet,
      ),
    ).toBeUndefined();
  });

  it('are not known about while the bus is away', async () => {
    const away = new GenfleetError('bus_unavailable', 'nobody answers');
    expect(await prepareTopics(failing(away), fleet)).toBe(away);
  });

  it.each([
    ['they are missing', new GenfleetError('topic_not_found', 'no such topic')],
    ['the bus refuses', new GenfleetError('bus_unauthorized', 'refused')],
    ['something else is wrong', new Error('a fault of its own')],
  ])('end the start when %s', async (_what, error) => {
    await expect(prepareTopics(failing(error), fleet)).rejects.toBe(error);
  });
});

it('makes the topics of the embedded bus, and tells when it can not', async () => {
  const full = new GenfleetError('bus_unavailable', 'the disk is full');
  const embedded = readConfig({ BUS_URL: 'sqlite:./fleet.db' });
  const bus = { ...busThat(async () => undefined), ensureTopics: () => Promise.reject(full) };
  await expect(prepareTopics(bus, embedded)).rejects.toBe(full);
});
