import { GenfleetError } from '@genfleet/job';

/** Where a message stands: the ledger, the entry in it, and its place in the entry if a producer batched (else 0). */
export interface MessagePlace {
  readonly ledgerId: number;
  readonly entryId: number;
  readonly batchIndex: number;
}

/** Ledger ids count up from 0 over a whole cluster and entries within a ledger, so these widths are never reached. */
const WIDTHS = { ledgerId: 15, entryId: 10, batchIndex: 5 } as const;
/** Above every place in a batch. */
export const MAX_BATCH_INDEX = 99_999;
const TEXT = /^(\d{15}):(\d{10}):(\d{5})$/;

function padded(value: number, width: number): string {
  const text = String(Math.max(0, value));
  if (text.length > width) throw new GenfleetError('internal', `${value} does not fit a message id`);
  return text.padStart(width, '0');
}

/** The port's message id: `ledger:entry:batch index`, padded so that it sorts as text in the order of its topic. */
export function formatMessageId(place: MessagePlace): string {
  return `${padded(place.ledgerId, WIDTHS.ledgerId)}:${padded(place.entryId, WIDTHS.entryId)}:${padded(place.batchIndex, WIDTHS.batchIndex)}`;
}

/** @throws GenfleetError `invalid_message` for a text that `formatMessageId` did not make. */
export function parseMessageId(text: string): MessagePlace {
  const [, ledger, entry, batch] = TEXT.exec(text) ?? [];
  if (ledger === undefined || entry === undefined || batch === undefined) {
    throw new GenfleetError('invalid_message', `${JSON.stringify(text)} is not a message id of this bus`);
  }
  return { ledgerId: Number(ledger), entryId: Number(entry), batchIndex: Number(batch) };
}

/** Whether `a` stands before `b`; as far as entries go when `b` is no certain place in its batch. */
export function isBefore(a: MessagePlace, b: MessagePlace): boolean {
  if (a.ledgerId !== b.ledgerId) return a.ledgerId < b.ledgerId;
  if (a.entryId !== b.entryId) return a.entryId < b.entryId;
  return a.batchIndex < b.batchIndex;
}

/** Protocol-buffer fields of Pulsar's `MessageIdData` (PulsarApi.proto): ledgerId 1, entryId 2, batch_index 4. */
const FIELD = { ledgerId: 1n, entryId: 2n, batchIndex: 4n } as const;

function varint(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...bytes, Number(rest)];
}

function readVarint(bytes: Uint8Array, from: number): { value: bigint; next: number } {
  let value = 0n;
  for (let at = from, shift = 0n; at < bytes.length && shift < 70n; at++, shift += 7n) {
    const byte = bytes[at] ?? 0;
    value |= BigInt(byte & 127) << shift;
    if (byte < 128) return { value, next: at + 1 };
  }
  throw new GenfleetError('invalid_message', 'a message id from the broker is cut off');
}

/**
 * Pulsar's own form of the position just before an entry, so that a reader that starts after it gets the entry
 * whole, batched or not. Before entry 0 stands −1, as Pulsar itself counts.
 */
export function encodeBefore(entry: { readonly ledgerId: number; readonly entryId: number }): Buffer {
  const tag = (field: bigint) => Number(field << 3n);
  return Buffer.from([
    tag(FIELD.ledgerId),
    ...varint(BigInt(entry.ledgerId)),
    tag(FIELD.entryId),
    ...varint(BigInt(entry.entryId) - 1n),
  ]);
}

/** Reads Pulsar's own form. @throws GenfleetError `invalid_message`. */
export function decodePlace(bytes: Uint8Array): MessagePlace {
  const fields = new Map<bigint, bigint>();
  for (let at = 0; at < bytes.length; ) {
    const tag = readVarint(bytes, at);
    // Only varint fields come before those of interest; a packed list (ack_set) follows them all.
    if ((tag.value & 7n) !== 0n) break;
    const { value, next } = readVarint(bytes, tag.next);
    fields.set(tag.value >> 3n, BigInt.asIntN(64, value));
    at = next;
  }
  const number = (field: bigint) => Number(fields.get(field) ?? -1n);
  return {
    ledgerId: number(FIELD.ledgerId),
    entryId: number(FIELD.entryId),
    batchIndex: Math.max(0, number(FIELD.batchIndex)),
  };
}
