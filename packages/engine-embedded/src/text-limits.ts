/** Texts that take turns, each with a cache of up to 3 MB. */
export const TEXTS_AT_ONCE = 8;
