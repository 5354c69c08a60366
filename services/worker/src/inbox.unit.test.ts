import type { Delivery } from '@genfleet/bus';
import { decideRequest, encodeEvent, imageRequestSchema, newJobId } from '@genfleet/job';
import { createLogger } from '@genfleet/telemetry';
import { describe, expect, it } from '@jest/globals';
import { type BatchLimits, chooseBatch } from './images/image-craft.ts';
import { Inbox } from './inbox.ts';

const log = createLogger({ level: 'silent', service: 'test' });

function request(settings: Record<string, unknown> = {}) {
  const body = imageRequestSchema.parse({ generation_settings: { prompt: 'x', ...settings } });
  return decideRequest(body, { id: newJobId(1_000), tenant: 't', nowMs: 1_000, seed: 1 });
}

function delivery(messageId: string, value: string) {
  const settled: string[] = [];
  const handed: Delivery = {
    messageId,
    topic: 'requested_txt2img_generation',
    key: 'k',
    value,
    properties: {},
    publishTimeMs: 1_000,
    ack: async () => void settled.push('ack'),
    nack: async (delayMs) => void settled.push(`nack ${delayMs}`),
  };
  return { handed, settled };
}

const newInbox = () => new Inbox('txt2img', log, () => 1_000);
const take = (inbox: Inbox<'txt2img'>, limits: BatchLimits) =>
  inbox.take((waiting) => chooseBatch(waiting, limits));

describe('Inbox', () => {
  it('batches jobs that share model, size and steps, within both limits, and keeps the order of the rest', async () => {
    const inbox = newInbox();
    const same = [request(), request({ batch_size: 2 }), request()];
    const other = request({ steps: 3 });
    for (const [index, job] of [same[0], other, same[1], same[2]].entries()) {
      await inbox.receive(delivery(String(index), encodeEvent(job ?? other)).handed, () => true);
    }
    const batch = take(inbox, { jobs: 4, images: 3 });
    expect(batch.map((waiting) => waiting.request.id)).toEqual([same[0]?.id, same[1]?.id]);
    expect(take(inbox, { jobs: 4, images: 3 }).map((waiting) => waiting.request.id)).toEqual([other.id]);
    expect(take(inbox, { jobs: 4, images: 3 }).map((waiting) => waiting.request.id)).toEqual([same[2]?.id]);
    expect(inbox.waiting).toBe(0);
    expect(inbox.unsettled).toBe(4);
  });

  it('gives a job of more images than the limit a batch of its own', async () => {
    const inbox = newInbox();
    await inbox.receive(delivery('1', encodeEvent(request({ batch_size: 16 }))).handed, () => true);
    expect(take(inbox, { jobs: 4, images: 1 })).toHaveLength(1);
  });

  it('joins the same message handed out again to the first, and forgets it once settled', async () => {
    const inbox = newInbox();
    const value = encodeEvent(request());
    await inbox.receive(delivery('1', value).handed, () => true);
    await inbox.receive(delivery('1', value).handed, () => true);
    const [waiting] = take(inbox, { jobs: 1, images: 1 });
    expect(waiting?.deliveries).toHaveLength(2);
    if (waiting) inbox.settled(waiting);
    expect(inbox.unsettled).toBe(0);
  });

  it('acknowledges what can never be a job, so that it does not circle', async () => {
    const inbox = newInbox();
    const rubbish = delivery('1', '{"type":"requested"}');
    await inbox.receive(rubbish.handed, () => true);
    expect(rubbish.settled).toEqual(['ack']);
    expect(inbox.unsettled).toBe(0);
  });

  it('takes a message that is handed out again, once the first was forgotten, for a new one', async () => {
    const inbox = newInbox();
    const value = encodeEvent(request());
    await inbox.receive(delivery('1', value).handed, () => true);
    const [first] = take(inbox, { jobs: 1, images: 1 });
    first?.forget();
    await inbox.receive(delivery('1', value).handed, () => true);
    if (first) inbox.settled(first);
    expect([first?.deliveries.length, inbox.waiting, inbox.unsettled]).toEqual([1, 1, 1]);
  });

  it('gives back what is not wanted, and does not settle it', async () => {
    const inbox = newInbox();
    const unwanted = delivery('1', encodeEvent(request()));
    const refused = await inbox.receive(unwanted.handed, () => false);
    expect(refused?.deliveries).toEqual([unwanted.handed]);
    expect([inbox.waiting, inbox.unsettled, unwanted.settled]).toEqual([0, 0, []]);
  });

  it('resolves an arrival that was asked for before or after the delivery', async () => {
    const inbox = newInbox();
    const before = inbox.arrival();
    await inbox.receive(delivery('1', encodeEvent(request())).handed, () => true);
    await before;
    await inbox.arrival();
    expect(inbox.waiting).toBe(1);
  });
});
