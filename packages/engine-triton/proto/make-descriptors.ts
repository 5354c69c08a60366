/**
 * `node packages/engine-triton/proto/make-descriptors.ts`: the .proto texts beside it as the module that
 * `src/client.ts` loads, so that a bundle needs no files and nothing is parsed at start. Format it afterwards.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';

const PROTO = join(import.meta.dirname, 'grpc_service.proto');
const TARGET = join(import.meta.dirname, '../src/descriptors.ts');

const service = new protobuf.Root().loadSync(PROTO, { keepCase: true }).resolveAll();
const text = `/**
 * Triton's service, made by proto/make-descriptors.ts; not edited by hand.
 * Copyright 2018-2025, NVIDIA CORPORATION & AFFILIATES; redistributed under BSD-3, see proto/LICENSE.
 */
export const DESCRIPTORS: object = ${JSON.stringify(service.toJSON(), null, 2)};
`;
writeFileSync(TARGET, text);
