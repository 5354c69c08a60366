import { GenfleetError } from '@genfleet/job';

/** A tensor as a model's configuration describes it. */
export interface TensorSpec {
  readonly name: string;
  /** `INT32`, `FP32`, `BYTES` for texts. */
  readonly datatype: string;
  /** Without the batch; -1 is any length. */
  readonly dims: readonly number[];
  readonly optional: boolean;
}

type Write = (bytes: Buffer, value: number, at: number) => void;
type Read = (bytes: Buffer, at: number) => number;

interface NumberType {
  readonly sizeBytes: number;
  readonly write: Write;
  readonly read: Read;
}

/** Little-endian, as Triton has raw contents. 64-bit integers beyond 2^53 do not come up. */
const NUMBERS: Readonly<Record<string, NumberType>> = {
  BOOL: type(
    1,
    (bytes, value, at) => bytes.writeUInt8(value, at),
    (bytes, at) => bytes.readUInt8(at),
  ),
  UINT8: type(
    1,
    (bytes, value, at) => bytes.writeUInt8(value, at),
    (bytes, at) => bytes.readUInt8(at),
  ),
  UINT16: type(
    2,
    (bytes, value, at) => bytes.writeUInt16LE(value, at),
    (bytes, at) => bytes.readUInt16LE(at),
  ),
  UINT32: type(
    4,
    (bytes, value, at) => bytes.writeUInt32LE(value, at),
    (bytes, at) => bytes.readUInt32LE(at),
  ),
  UINT64: type(
    8,
    (bytes, value, at) => bytes.writeBigUInt64LE(BigInt(value), at),
    (bytes, at) => Number(bytes.readBigUInt64LE(at)),
  ),
  INT32: type(
    4,
    (bytes, value, at) => bytes.writeInt32LE(value, at),
    (bytes, at) => bytes.readInt32LE(at),
  ),
  INT64: type(
    8,
    (bytes, value, at) => bytes.writeBigInt64LE(BigInt(value), at),
    (bytes, at) => Number(bytes.readBigInt64LE(at)),
  ),
  FP32: type(
    4,
    (bytes, value, at) => bytes.writeFloatLE(value, at),
    (bytes, at) => bytes.readFloatLE(at),
  ),
  FP64: type(
    8,
    (bytes, value, at) => bytes.writeDoubleLE(value, at),
    (bytes, at) => bytes.readDoubleLE(at),
  ),
};

function type(sizeBytes: number, write: Write, read: Read): NumberType {
  return { sizeBytes, write, read };
}

/** Largest seed that each type of tensor holds, within what a JavaScript number is exact for. */
const LARGEST_SEED: Readonly<Record<string, number>> = { INT32: 2 ** 31 - 1, UINT32: 2 ** 32 - 1 };

/** A seed that fits the tensor, the same one for the same number; seeds may be negative and 53 bits long. */
export function seedFor(spec: TensorSpec, seed: number): number {
  const range = BigInt(LARGEST_SEED[spec.datatype] ?? Number.MAX_SAFE_INTEGER) + 1n;
  return Number(((BigInt(seed) % range) + range) % range);
}

/** @throws GenfleetError `engine_failed` for a type that the layout can't be in, naming the tensor. */
export function encodeNumbers(spec: TensorSpec, values: readonly number[]): Buffer {
  const { sizeBytes, write } = numberType(spec.name, spec.datatype);
  const bytes = Buffer.alloc(values.length * sizeBytes);
  for (const [index, value] of values.entries()) write(bytes, value, index * sizeBytes);
  return bytes;
}

/** @throws GenfleetError `engine_failed` for contents that are no whole numbers of that type. */
export function decodeNumbers(name: string, datatype: string, bytes: Buffer): number[] {
  const { sizeBytes, read } = numberType(name, datatype);
  if (bytes.length % sizeBytes !== 0) throw rubbish(name, `${bytes.length} bytes of ${datatype}`);
  return Array.from({ length: bytes.length / sizeBytes }, (_, index) => read(bytes, index * sizeBytes));
}

/** BYTES: each element behind its length. */
export function encodeTexts(texts: readonly string[]): Buffer {
  return Buffer.concat(
    texts.flatMap((text) => {
      const content = Buffer.from(text, 'utf8');
      const length = Buffer.alloc(4);
      length.writeUInt32LE(content.length);
      return [length, content];
    }),
  );
}

/** The elements of a BYTES tensor, not decoded: a model may cut a character in two. */
export function decodeBytes(name: string, bytes: Buffer): Buffer[] {
  const elements: Buffer[] = [];
  let at = 0;
  while (at < bytes.length) {
    const end = at + 4 + (at + 4 <= bytes.length ? bytes.readUInt32LE(at) : bytes.length);
    if (end > bytes.length) throw rubbish(name, 'a text that is cut off');
    elements.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return elements;
}

function numberType(name: string, datatype: string): NumberType {
  const found = NUMBERS[datatype];
  if (!found) throw rubbish(name, `${datatype}, which is no number`);
  return found;
}

function rubbish(name: string, what: string): GenfleetError {
  return new GenfleetError('engine_failed', `tensor ${name} is ${what}`, { retryable: false });
}
