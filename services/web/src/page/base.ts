/**
 * The path under which this page is served, with a slash at its end: `/`, or that of a proxy in front. All that it asks
 * its server for lies under it.
 */
export const base = new URL('.', document.baseURI).pathname;
