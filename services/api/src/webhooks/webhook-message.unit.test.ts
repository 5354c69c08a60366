import { describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { type EndEvent, signerOf, webhookMessage } from './webhook-message.ts';

const secret = `whsec_${Buffer.from('a secret of twenty-four b').toString('base64')}`;
const head = {
  version: 1 as const,
  id: '0198c0de-0000-7000-8000-000000000000',
  kind: 'txt2img' as const,
  tenant: 'default',
  redrive: 2,
};
const cancelled: EndEvent = { ...head, type: 'cancelled', reason: 'asked', time: '2026-01-01T00:00:00.000Z' };

describe('webhookMessage', () => {
  it('is what a receiver verifies with the same secret', () => {
    const { body, headers } = webhookMessage(cancelled, { id: head.id }, signerOf(secret), Date.now());
    expect(new Webhook(secret).verify(body, { ...headers })).toEqual({
      type: 'image.cancelled',
      timestamp: '2026-01-01T00:00:00.000Z',
      data: { id: head.id },
    });
    const forged = body.replace('cancelled', 'completed');
    expect(() => new Webhook(secret).verify(forged, { ...headers })).toThrow('No matching signature');
  });

  it('has one id for one end of one life of a job, whenever it is sent', () => {
    const idAt = (event: EndEvent, nowMs: number) =>
      webhookMessage(event, {}, signerOf(secret), nowMs).headers['webhook-id'];
    expect(idAt(cancelled, 1_000)).toBe(idAt(cancelled, 2_000_000));
    expect(idAt({ ...cancelled, redrive: 3 }, 1_000)).not.toBe(idAt(cancelled, 1_000));
  });

  it('refuses a secret of another form', () => {
    for (const wrong of ['', 'whsec_', 'whsec_!!!']) {
      expect(() => signerOf(wrong)).toThrow(expect.objectContaining({ code: 'invalid_configuration' }));
    }
  });
});
