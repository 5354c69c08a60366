import { GenfleetError } from '@genfleet/job';
import type { InferResponse } from './messages.ts';
import { decodeBytes, decodeNumbers } from './tensors.ts';

/** The tensor's elements, undefined where the answer has no such tensor. */
export function bytesOf(response: InferResponse, name: string): Buffer[] | undefined {
  const found = contentsOf(response, name);
  return found && decodeBytes(name, found.bytes);
}

/** The tensor's numbers in a row, undefined where the answer has no such tensor. */
export function numbersOf(response: InferResponse, name: string): number[] | undefined {
  const found = contentsOf(response, name);
  return found && decodeNumbers(name, found.datatype, found.bytes);
}

function contentsOf(response: InferResponse, name: string) {
  const index = response.outputs.findIndex((output) => output.name === name);
  const header = response.outputs[index];
  if (!header) return undefined;
  const bytes = response.raw_output_contents[index];
  if (bytes) return { datatype: header.datatype, bytes };
  throw new GenfleetError('engine_failed', `tensor ${name} came without contents`);
}
