import { describe, expect, it } from '@jest/globals';
import { openLosslessReader } from './lossless-reader.ts';
import type { Pulsar } from './native.ts';

type Listener = (message: Pulsar.Message) => Promise<void> | undefined;
type Config = Parameters<Pulsar.Client['createReader']>[0] & { listener: Listener };

const EARLIEST = { is: 'earliest' } as unknown as Pulsar.MessageId;
const START = { is: 'start' } as unknown as Pulsar.MessageId;

/**
 * The native client's behaviour in small: one thread calls the listeners of all readers, waits for what they
 * return, and drops what arrives before a reader's promise has resolved.
 */
function vendor(topic: readonly string[]) {
  const messages = [...topic];
  const log: string[] = [];
  let thread: Promise<unknown> = Promise.resolve();
  /** Messages that arrive while the promise is on its way. */
  let dropped = 0;
  let onCreate: () => void = () => undefined;
  const createReader = async (config: Config) => {
    const name = config.startMessageId === EARLIEST ? 'gate' : 'reader';
    let isClosed = false;
    let isConnected = false;
    let next = 0;
    const deliver = (): Promise<unknown> =>
      (thread = thread.then(async () => {
        if (isClosed || next >= messages.length) return;
        const text = messages[next++] ?? '';
        if (isConnected)
          await config.listener({ getData: () => Buffer.from(text) } as unknown as Pulsar.Message);
        else dropped += 1;
        deliver();
      }));
    log.push(`create ${name}`);
    deliver();
    onCreate();
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    isConnected = true;
    const tail = setInterval(deliver, 1);
    const close = async () => {
      isClosed = true;
      clearInterval(tail);
      log.push(`close ${name}`);
    };
    return { close } as unknown as Pulsar.Reader;
  };
  return {
    client: { createReader } as unknown as Pulsar.Client,
    messages,
    log,
    dropped: () => dropped,
    whenCreated: (callback: () => void) => {
      onCreate = callback;
    },
  };
}

function open(from: ReturnType<typeof vendor>, hasNothingToRead = async () => from.messages.length === 0) {
  const got: string[] = [];
  const listener = (message: Pulsar.Message) => void got.push(message.getData().toString());
  const plan = {
    client: from.client,
    topic: 't',
    earliest: EARLIEST,
    start: START,
    queueSize: 5,
    hasNothingToRead,
  };
  return {
    got,
    opening: openLosslessReader({ ...plan, listener: (message) => listener(message) as undefined }),
  };
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 30));

describe('openLosslessReader', () => {
  it('gets all of a topic that holds something, though the client drops what comes early', async () => {
    const from = vendor(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
    const { got, opening } = open(from);
    const reader = await opening;
    await settle();
    expect(got).toEqual(from.messages);
    expect(from.dropped()).toBeGreaterThan(0);
    expect(from.log).toEqual(['create gate', 'create reader', 'close gate']);
    await reader.close();
  });

  it('needs one reader only where nothing is to be read', async () => {
    const from = vendor([]);
    const { got, opening } = open(from);
    const reader = await opening;
    from.messages.push('later');
    await settle();
    expect(got).toEqual(['later']);
    expect(from.log).toEqual(['create reader']);
    await reader.close();
  });

  it('begins again when something was published while it opened', async () => {
    const from = vendor([]);
    from.whenCreated(
      () => from.messages.length === 0 && from.messages.push('in between', 'and', 'after', 'it', '.'),
    );
    const { got, opening } = open(from);
    const reader = await opening;
    await settle();
    expect(got).toEqual(['in between', 'and', 'after', 'it', '.']);
    expect(from.log.slice(0, 3)).toEqual(['create reader', 'close reader', 'create gate']);
    await reader.close();
  });

  it('gives up in the end', async () => {
    const from = vendor([]);
    let asked = 0;
    const { opening } = open(from, async () => asked++ % 2 === 0);
    await expect(opening).rejects.toMatchObject({ code: 'bus_unavailable' });
    expect(from.log.filter((line) => line === 'create reader')).toHaveLength(20);
    expect(from.log.filter((line) => line === 'close reader')).toHaveLength(20);
  });
});
