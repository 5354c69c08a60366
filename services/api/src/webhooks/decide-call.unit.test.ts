import { evolve, type JobEvent, type JobState, type LedgerOrder } from '@genfleet/job';
import { describe, expect, it } from '@jest/globals';
import { decideCall } from './decide-call.ts';
import { GIVE_UP_MS } from './retry-delay.ts';
import type { EndEvent } from './webhook-message.ts';

const head = {
  version: 1 as const,
  id: '0198c0de-0000-7000-8000-000000000000',
  kind: 'txt2img' as const,
  tenant: 'default',
  redrive: 0,
};
const time = '2026-01-01T00:00:00.000Z';
const nowMs = Date.parse(time);
const cancelled: EndEvent = { ...head, type: 'cancelled', reason: 'asked', time };

function requested(webhook_url?: string, redrive = 0): JobEvent {
  const settings = {
    prompt: 'p',
    negative_prompt: '',
    seed: 1,
    sampler_name: 'euler',
    batch_size: 1,
    n_iters: 1,
    steps: 1,
    cfg_scale: 1,
    width: 64,
    height: 64,
    model: 'm',
  };
  const job = { settings, metadata: {}, request_time: time, attempt: 1, failures: [] };
  return {
    ...head,
    redrive,
    ...job,
    type: 'requested',
    ...(webhook_url === undefined ? {} : { webhook_url }),
  };
}

const orderOf = (type: LedgerOrder['type'], messageId: string, timeMs = nowMs) => ({
  type,
  messageId,
  timeMs,
});
const first = orderOf('cancelled', '2');

function stateOf(...events: readonly (readonly [JobEvent, LedgerOrder])[]): JobState | undefined {
  return events.reduce<JobState | undefined>(
    (state, [event, order]) => evolve(state, event, order),
    undefined,
  );
}
const asked = [requested('https://example.com/'), orderOf('requested', '1')] as const;

describe('decideCall', () => {
  it('calls for the outcome that the fold holds, and for no other', () => {
    const later = orderOf('cancelled', '3', nowMs + 5);
    const state = stateOf(asked, [cancelled, first], [cancelled, later]);
    expect(decideCall(cancelled, first, state, nowMs)).toMatchObject({
      do: 'call',
      url: 'https://example.com/',
    });
    expect(decideCall(cancelled, later, state, nowMs)).toEqual({ do: 'drop' });
  });

  it('drops what nobody asked for', () => {
    const state = stateOf([requested(), orderOf('requested', '1')], [cancelled, first]);
    expect(decideCall(cancelled, first, state, nowMs)).toEqual({ do: 'drop' });
  });

  it('drops the end of an earlier life', () => {
    const again = [requested('https://example.com/', 1), orderOf('requested', '9')] as const;
    const state = stateOf(asked, [cancelled, first], again);
    expect(decideCall(cancelled, first, state, nowMs)).toEqual({ do: 'drop' });
  });

  it('waits for a request that was not read yet, though not for ever', () => {
    const state = stateOf([cancelled, first]);
    expect(decideCall(cancelled, first, state, nowMs)).toEqual({ do: 'wait' });
    expect(decideCall(cancelled, first, undefined, nowMs)).toEqual({ do: 'wait' });
    expect(decideCall(cancelled, first, state, nowMs + GIVE_UP_MS + 1)).toMatchObject({ do: 'abandon' });
  });

  it('gives up after a day', () => {
    const state = stateOf(asked, [cancelled, first]);
    expect(decideCall(cancelled, first, state, nowMs + GIVE_UP_MS)).toMatchObject({ do: 'call' });
    expect(decideCall(cancelled, first, state, nowMs + GIVE_UP_MS + 1)).toMatchObject({ do: 'abandon' });
  });
});
