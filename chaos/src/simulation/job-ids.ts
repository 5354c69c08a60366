import type { Random } from './random.ts';

/** A UUIDv7 of this time whose other bits come from the seed. */
export function jobIdAt(nowMs: number, random: Random): string {
  const hex = (digits: number) => {
    let text = '';
    while (text.length < digits) text += random.int(0, 15).toString(16);
    return text;
  };
  const time = nowMs.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(3)}-${random.pick(['8', '9', 'a', 'b'])}${hex(3)}-${hex(12)}`;
}
