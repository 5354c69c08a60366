/**
 * Security headers, built once: what helmet sets, at no cost per request. Answers of the API are data, never a
 * document, so their policy forbids everything.
 */
const COMMON = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
} as const;

export const DATA_HEADERS = {
  ...COMMON,
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
} as const;

/** For files that never change under their name: artifacts, hashed parts of the page. */
export const FILE_HEADERS = {
  ...COMMON,
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cache-control': 'private, max-age=31536000, immutable',
} as const;

/** Its own scripts and styles, what `sources` adds, and nothing else from elsewhere. */
const pageHeaders = (...sources: readonly string[]) => ({
  ...COMMON,
  'content-security-policy': [
    "default-src 'self'",
    ...sources,
    "style-src 'self' 'unsafe-inline'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; '),
  'cache-control': 'no-cache',
});

/** The page and the docs, which show images of the artifact store too. */
export const PAGE_HEADERS = pageHeaders("img-src 'self' data: blob: http: https:");

/** Redoc carries its fonts with it, and would fetch its maker's logo. */
export const REDOC_HEADERS = pageHeaders("img-src 'self' data:", "font-src 'self' data:");
