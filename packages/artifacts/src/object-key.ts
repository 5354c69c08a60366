const SEGMENT = /^[A-Za-z0-9_][A-Za-z0-9._=-]{0,254}$/;
const MAX_CHARS = 700;

/**
 * Whether a store takes this key: names of letters, digits, `.`, `_`, `=` and `-` with slashes between them, none of
 * which begins with a dot. Such a key can't climb out of a folder, hide in it or need escaping in a URL.
 */
export function isObjectKey(key: string): boolean {
  return key.length <= MAX_CHARS && key.split('/').every((segment) => SEGMENT.test(segment));
}
