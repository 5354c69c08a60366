/** The 16 bytes of a UUID, which sort as its text does. */
export function idBytes(id: string): Buffer {
  return Buffer.from(id.replaceAll('-', ''), 'hex');
}

export function idText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** The least UUID of a time: ids of version 7 made before it sort below. Unix time in ms, at least 0. */
export function idFloor(timeMs: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUIntBE(Math.min(Math.max(0, Math.ceil(timeMs)), 2 ** 48 - 1), 0, 6);
  return bytes;
}

/** `idFloor` as text: where the jobs of this time begin in any order by id. */
export function firstIdAt(timeMs: number): string {
  return idText(idFloor(timeMs));
}
