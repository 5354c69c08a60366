import { describe, expect, it } from '@jest/globals';
import { busMessageId } from './message-id.ts';

describe('busMessageId', () => {
  it.each([
    ['(12,3,0)', '000000000000012:0000000003:00000'],
    ['(12,3,-1)', '000000000000012:0000000003:00000'],
    ['(12,3,0,7)', '000000000000012:0000000003:00007'],
    ['(12,3,-1,-1)', '000000000000012:0000000003:00000'],
  ])("makes of the connector's %s what the bus has", (text, id) => {
    expect(busMessageId(text)).toBe(id);
  });

  it('leaves what the bus wrote', () => {
    for (const id of ['000000000001', '000000000000012:0000000003:00007']) expect(busMessageId(id)).toBe(id);
  });
});
