import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Connection } from './connection.ts';

/** A vendor whose connections are up or away as the test says. */
function subject() {
  const log: string[] = [];
  const state = { isUp: true, brokerAnswers: true, opens: true, made: 0 };
  const connection = new Connection({
    open: async () => {
      if (!state.opens) throw new Error('not ready');
      const name = `consumer ${++state.made}`;
      log.push(`open ${name}`);
      return {
        vendor: { name, isConnected: () => state.isUp },
        close: async () => void log.push(`close ${name}`),
      };
    },
    probe: async () => {
      if (!state.brokerAnswers) throw new Error('nobody there');
    },
    letGo: () => void log.push('let go'),
  });
  return { connection, log, state };
}

const SECONDS_MS = 1_000;

describe('Connection', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('leaves the client alone while it is connected, or no broker answers', async () => {
    const { connection, log, state } = subject();
    await connection.open();
    await jest.advanceTimersByTimeAsync(120 * SECONDS_MS);
    state.isUp = false;
    state.brokerAnswers = false;
    await jest.advanceTimersByTimeAsync(120 * SECONDS_MS);
    state.brokerAnswers = true;
    await jest.advanceTimersByTimeAsync(8 * SECONDS_MS);
    state.isUp = true;
    await jest.advanceTimersByTimeAsync(120 * SECONDS_MS);
    expect(log).toEqual(['open consumer 1']);
    await connection.close();
  });

  it('makes all anew when a broker answers and the client stays away, until it succeeds', async () => {
    const { connection, log, state } = subject();
    await connection.open();
    state.isUp = false;
    state.opens = false;
    await jest.advanceTimersByTimeAsync(16 * SECONDS_MS);
    expect(connection.current).toBeUndefined();
    await jest.advanceTimersByTimeAsync(20 * SECONDS_MS);
    state.opens = true;
    state.isUp = true;
    await jest.advanceTimersByTimeAsync(20 * SECONDS_MS);
    expect(connection.current?.name).toBe(`consumer ${state.made}`);
    expect(log.slice(0, 3)).toEqual(['open consumer 1', 'let go', 'close consumer 1']);
    expect(log.filter((line) => line.startsWith('open'))).toHaveLength(2);
    const madeSoFar = state.made;
    await jest.advanceTimersByTimeAsync(60 * SECONDS_MS);
    expect(state.made).toBe(madeSoFar);
    await connection.close();
  });

  it('closes what it opened, and its client, and looks no more', async () => {
    const { connection, log, state } = subject();
    await connection.open();
    await connection.close();
    state.isUp = false;
    await jest.advanceTimersByTimeAsync(60 * SECONDS_MS);
    expect(log).toEqual(['open consumer 1', 'let go', 'close consumer 1']);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('leaves nothing open when it was closed while it was being opened', async () => {
    const { connection, log } = subject();
    const opening = connection.open();
    await connection.close();
    await opening;
    expect(log.filter((line) => line !== 'let go')).toEqual(['open consumer 1', 'close consumer 1']);
    expect(connection.current).toBeUndefined();
  });
});
