import { describe, expect, it } from '@jest/globals';
import type { Response } from 'express';
import { SseStream } from './sse.ts';

/** As much of an answer as the stream uses, with a buffer whose fill is set by hand. */
function fakeResponse() {
  const written: string[] = [];
  const res = {
    writableLength: 0,
    writableEnded: false,
    destroyed: false,
    writeHead: () => res,
    flushHeaders: () => undefined,
    write: (text: string) => written.push(text),
    end: () => {
      res.writableEnded = true;
    },
    destroy: () => {
      res.destroyed = true;
    },
  };
  return { res, written, stream: new SseStream(res as unknown as Response) };
}

describe('SseStream', () => {
  it('writes id, name and data of an event', () => {
    const { written, stream } = fakeResponse();
    stream.send('queued', { a: 'line\nbreak' }, '0.0.0');
    stream.send('progress', { step: 1 });
    expect(written).toEqual([
      'id: 0.0.0\nevent: queued\ndata: {"a":"line\\nbreak"}\n\n',
      'event: progress\ndata: {"step":1}\n\n',
    ]);
  });

  it('leaves out progress for a client that is behind, never an event with an id', () => {
    const { res, written, stream } = fakeResponse();
    res.writableLength = 300_000;
    stream.send('progress', { step: 1 });
    stream.heartbeat();
    stream.send('completed', {}, '0.99.0');
    expect(written).toEqual(['id: 0.99.0\nevent: completed\ndata: {}\n\n']);
  });

  it('cuts off a client that reads nothing', () => {
    const { res, written, stream } = fakeResponse();
    res.writableLength = 2_000_000;
    stream.send('started', {}, '0.1.1');
    expect([res.destroyed, written]).toEqual([true, []]);
  });

  it('writes nothing after its end', () => {
    const { written, stream } = fakeResponse();
    stream.end();
    stream.send('started', {}, '0.1.1');
    expect(written).toEqual([]);
  });
});
