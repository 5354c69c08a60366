import { crc32 } from 'node:zlib';
import { GenfleetError } from '@genfleet/job';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** Length, type and checksum of a chunk. */
const CHUNK_OVERHEAD_BYTES = 12;

/**
 * Makes sure that the bytes are a whole PNG of that size: each chunk with its checksum, up to the last
 * (https://www.w3.org/TR/png-3/#5DataRep). The pixels themselves are not unpacked.
 * @throws GenfleetError `engine_failed` saying what is wrong.
 */
export function checkPng(bytes: Buffer, width: number, height: number): void {
  if (!bytes.subarray(0, SIGNATURE.length).equals(SIGNATURE)) throw rubbish('is no PNG');
  let hasData = false;
  let at = SIGNATURE.length;
  for (;;) {
    if (at + CHUNK_OVERHEAD_BYTES > bytes.length) throw rubbish('is cut off');
    const end = at + CHUNK_OVERHEAD_BYTES + bytes.readUInt32BE(at);
    if (end > bytes.length) throw rubbish('is cut off');
    if (crc32(bytes.subarray(at + 4, end - 4)) !== bytes.readUInt32BE(end - 4)) throw rubbish('is damaged');
    const type = bytes.toString('latin1', at + 4, at + 8);
    if (at === SIGNATURE.length) checkHeader(type, bytes.subarray(at + 8, end - 4), width, height);
    hasData ||= type === 'IDAT';
    at = end;
    if (type === 'IEND') break;
  }
  if (!hasData || at !== bytes.length) throw rubbish('is no proper PNG');
}

function checkHeader(type: string, data: Buffer, width: number, height: number): void {
  if (type !== 'IHDR' || data.length !== 13) throw rubbish('is no proper PNG');
  const [givenWidth, givenHeight] = [data.readUInt32BE(0), data.readUInt32BE(4)];
  if (givenWidth === width && givenHeight === height) return;
  throw rubbish(`is ${givenWidth}×${givenHeight} where ${width}×${height} was asked for`);
}

function rubbish(what: string): GenfleetError {
  return new GenfleetError('engine_failed', `an image of the engine ${what}`);
}
