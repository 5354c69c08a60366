/** What k6 has and its types leave out; `dom` would promise much that it has not. */
declare const console: Readonly<Record<'info' | 'warn', (text: string) => void>>;

/** The client's shapes come with code that draws ids. */
declare const crypto: { getRandomValues<A extends Uint8Array>(array: A): A };
