import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import protobuf from 'protobufjs';
import { DESCRIPTORS } from './descriptors.ts';

const PROTO = join(import.meta.dirname, '../proto/grpc_service.proto');

describe('the descriptors of Triton’s service', () => {
  it('are those of the .proto texts', () => {
    const service = new protobuf.Root().loadSync(PROTO, { keepCase: true }).resolveAll();
    expect(JSON.parse(JSON.stringify(service.toJSON()))).toEqual(DESCRIPTORS);
  });
});
