import { describe, expect, it } from '@jest/globals';
import { flushTraces } from './flush-traces.ts';
import { extractContext, injectContext } from './propagation.ts';
import { currentTraceId, insideSpan, startSpan, withSpan } from './span.ts';
import { stepSpans } from './step-spans.ts';

/** What everything does while tracing is off; what it does while it is on, register.int.test.ts shows. */
describe('spans without a collector', () => {
  it('run what they enclose and pass on what it returns and throws', async () => {
    expect(await withSpan('x', {}, () => 7)).toBe(7);
    const error = new Error('mine');
    await expect(withSpan('x', {}, () => Promise.reject(error))).rejects.toBe(error);
    expect(insideSpan(startSpan('y'), () => 8)).toBe(8);
  });

  it('add nothing to messages and logs', async () => {
    await withSpan('x', { parent: extractContext({ traceparent: 'rubbish' }) }, (span) => {
      expect(injectContext()).toEqual({});
      expect(currentTraceId()).toBeUndefined();
      stepSpans(span)(1, 2);
    });
    await flushTraces(1);
  });
});
