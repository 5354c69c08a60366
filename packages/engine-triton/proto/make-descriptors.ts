/**
 * `node packages/engine-triton/proto/make-descriptors.ts`: the .proto texts beside it as the JSON that
 * `src/service.ts` loads, so that a bundle needs no files and nothing is parsed at start.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';

const PROTO = join(import.meta.dirname, 'grpc_service.proto');
const TARGET = join(import.meta.dirname, '../src/descriptors.json');

const service = new protobuf.Root().loadSync(PROTO, { keepCase: true }).resolveAll();
writeFileSync(TARGET, `${JSON.stringify(service.toJSON(), null, 1)}\n`);
