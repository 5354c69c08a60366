/** A whole number that a double may not hold, outside of a text or in it. */
const LONG_NUMBER = /[\d]{16}/;

/** As the reviver of `JSON.parse` is told what stood in the text (ECMAScript, JSON.parse source text access). */
type Reviver = (this: unknown, key: string, value: unknown, context: { readonly source?: string }) => unknown;

/** JSON whose whole numbers keep their digits: those that a double cannot hold become text. */
export function parseExactly(text: string): unknown {
  if (!LONG_NUMBER.test(text)) return JSON.parse(text);
  const exact: Reviver = (_key, value, { source }) =>
    typeof value === 'number' &&
    Number.isInteger(value) &&
    !Number.isSafeInteger(value) &&
    /^-?\d+$/.test(source ?? '')
      ? source
      : value;
  return JSON.parse(text, exact as (this: unknown, key: string, value: unknown) => unknown);
}
