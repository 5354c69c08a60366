import { isUuid } from '@genfleet/job';

/** Of what follows; a cursor of another version is refused, not misread. */
const VERSION = 1;
const ID_BYTES = 16;

/** Where a list goes on: behind the job with this id. Opaque to clients. */
export function cursorAfter(id: string): string {
  const bytes = Buffer.from(id.replaceAll('-', ''), 'hex');
  return Buffer.concat([Buffer.from([VERSION]), bytes]).toString('base64url');
}

/** The id in a cursor, undefined for what `cursorAfter` did not make. */
export function idInCursor(cursor: string): string | undefined {
  const bytes = Buffer.from(cursor, 'base64url');
  if (bytes.length !== ID_BYTES + 1 || bytes[0] !== VERSION) return undefined;
  const hex = bytes.subarray(1).toString('hex');
  const id = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  return isUuid(id) && cursorAfter(id) === cursor ? id : undefined;
}
