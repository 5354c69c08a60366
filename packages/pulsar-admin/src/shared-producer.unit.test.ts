import { GenfleetError } from '@genfleet/job';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { SharedProducer } from './shared-producer.ts';
import { MAX_PENDING } from './transport.ts';

const TIMEOUT_MS = 10_000;

/** A producer of the vendor's that answers when told to. */
function subject() {
  const answers: ((isStored: boolean) => void)[] = [];
  const sent: string[] = [];
  let isClosed = false;
  const producer = new SharedProducer(
    {
      send: (message) =>
        new Promise((resolve, reject) => {
          const place = { ledgerId: 1, entryId: sent.push(message.value), batchIndex: 0 };
          answers.push((isStored) =>
            isStored ? resolve(place) : reject(new GenfleetError('bus_unavailable', 'not stored')),
          );
        }),
      close: async () => {
        isClosed = true;
      },
    },
    'topic',
    TIMEOUT_MS,
    Date.now,
  );
  const send = (value: string) => producer.send({ key: 'k', value });
  return { producer, answers, sent, send, isClosed: () => isClosed };
}

describe('SharedProducer', () => {
  beforeEach(() => {
    jest.useFakeTimers({ now: 1_000_000 });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('says when it was published and where it stands', async () => {
    const { send, answers } = subject();
    const sending = send('x');
    answers[0]?.(true);
    expect(await sending).toEqual({
      messageId: '000000000000001:0000000001:00000',
      publishTimeMs: 1_000_000,
    });
  });

  it('keeps the order of calls beyond what may be under way', async () => {
    const { send, answers, sent } = subject();
    const count = MAX_PENDING + 3;
    const settled = Promise.allSettled(Array.from({ length: count }, (_, index) => send(String(index))));
    expect(sent).toHaveLength(MAX_PENDING);
    for (let answered = 0; answered < count; answered++) {
      answers[answered]?.(answered !== 5);
      await Promise.resolve().then(() => Promise.resolve());
      await jest.advanceTimersByTimeAsync(0);
    }
    const outcomes = await settled;
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(1);
    expect(sent).toEqual(Array.from({ length: count }, (_, index) => String(index)));
  });

  it('refuses what waited longer than the timeout, and what is too much', async () => {
    const { send, answers, sent } = subject();
    const underWay = Array.from({ length: MAX_PENDING }, () => send('under way').catch(() => undefined));
    const waiting = send('waiting');
    const refused = expect(waiting).rejects.toMatchObject({ code: 'bus_unavailable' });
    const more = Array.from({ length: 19_999 }, () => send('more').catch(() => undefined));
    await expect(send('too much')).rejects.toMatchObject({ code: 'bus_unavailable' });
    jest.advanceTimersByTime(TIMEOUT_MS);
    answers[0]?.(false);
    await refused;
    expect(sent).toHaveLength(MAX_PENDING);
    for (const answer of answers) answer(false);
    await Promise.all([...underWay, ...more]);
  });

  it('refuses what waits and what comes later once it is closed', async () => {
    const { producer, send, isClosed } = subject();
    Array.from({ length: MAX_PENDING }, () => send('under way').catch(() => undefined));
    const refused = expect(send('waiting')).rejects.toMatchObject({ code: 'closed' });
    await producer.close();
    await refused;
    await expect(send('later')).rejects.toMatchObject({ code: 'closed' });
    expect(isClosed()).toBe(true);
  });

  it('refuses a message that is too large before it leaves', async () => {
    const { send, sent } = subject();
    await expect(send('x'.repeat(300_000))).rejects.toMatchObject({ code: 'message_too_large' });
    expect(sent).toEqual([]);
  });
});
