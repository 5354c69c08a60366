/**
 * Whether a store takes this key: a flat name of letters, digits, `.`, `_` and `-` that starts with a letter or
 * digit, at most 128 characters. Such a name can't climb out of a folder, hide in it or need escaping in a URL.
 */
export function isArtifactKey(key: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(key);
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  jpg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
  json: 'application/json',
  txt: 'text/plain',
};

/** The content type that a key's extension stands for; undefined for extensions that jobs don't make. */
export function contentTypeOf(key: string): string | undefined {
  const extension = key.slice(key.lastIndexOf('.') + 1);
  return Object.hasOwn(CONTENT_TYPES, extension) ? CONTENT_TYPES[extension] : undefined;
}
