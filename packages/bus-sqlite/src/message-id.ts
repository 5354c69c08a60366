const DIGITS = 16;

/** The sequence number as text that sorts in its order. */
export function messageIdOf(seq: number): string {
  return String(seq).padStart(DIGITS, '0');
}

/** 0, before everything, for a text that is none. */
export function seqOf(messageId: string): number {
  return /^\d+$/.test(messageId) ? Number(messageId) : 0;
}
