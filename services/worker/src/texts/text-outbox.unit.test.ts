import type { TextEvent } from '@genfleet/job';
import { describe, expect, it } from '@jest/globals';
import { TextOutbox } from './text-outbox.ts';

function outbox(stream: boolean) {
  const sent: TextEvent[] = [];
  const head = { id: 'job', redrive: 0, attempt: 1, claim: 'c' };
  return { sent, box: new TextOutbox({ stream, head, send: (event) => sent.push(event) }) };
}
const end = { model: 'm', usage: { prompt_tokens: 1, completion_tokens: 2 } };
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('TextOutbox', () => {
  it('sends what came in one turn at once and together, and what comes later by itself', async () => {
    const { sent, box } = outbox(true);
    box.add({ index: 0, text: 'a' });
    box.add({ index: 1, text: 'b' });
    expect(box.hasSent).toBe(false);
    await turn();
    box.add({ index: 0, text: 'c' });
    await turn();
    box.end(end);
    expect(sent.map(({ seq, deltas }) => [seq, deltas.map(({ text }) => text)])).toEqual([
      [0, ['a', 'b']],
      [1, ['c']],
      [2, []],
    ]);
    expect(sent.at(-1)?.end).toEqual(end);
  });

  it('ends with what was not sent yet, once', async () => {
    const { sent, box } = outbox(true);
    box.add({ index: 0, text: 'a' });
    box.end(end);
    await turn();
    expect(sent).toMatchObject([{ seq: 0, deltas: [{ text: 'a' }], end }]);
  });

  it('holds a text that nobody streams until its end, in messages of bounded size', () => {
    const { sent, box } = outbox(false);
    const piece = 'x'.repeat(1_000);
    for (let n = 0; n < 200; n++) box.add({ index: n % 2, text: piece });
    box.end(end);
    const text = (index: number) =>
      sent.flatMap(({ deltas }) =>
        deltas.filter((delta) => delta.index === index).map((delta) => delta.text),
      );
    expect([0, 1].map((index) => text(index).join('').length)).toEqual([100_000, 100_000]);
    expect(sent.length).toBeLessThan(6);
    for (const event of sent) expect(JSON.stringify(event).length).toBeLessThan(80_000);
  });
});
