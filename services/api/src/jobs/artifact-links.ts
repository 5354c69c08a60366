import type { ArtifactStore } from '@genfleet/artifacts';

const KEPT = 1_000;

/** URLs of artifacts: presigned ones are kept for half their life, so that a poll does not sign again. */
export class ArtifactLinks {
  readonly #artifacts: Pick<ArtifactStore, 'url'>;
  readonly #ttlSeconds: number;
  readonly #clock: () => number;
  readonly #kept = new Map<string, { readonly url: string | undefined; readonly untilMs: number }>();

  constructor(artifacts: Pick<ArtifactStore, 'url'>, ttlSeconds: number, clock: () => number) {
    this.#artifacts = artifacts;
    this.#ttlSeconds = ttlSeconds;
    this.#clock = clock;
  }

  /** The store's own URL, or one of this API under `baseUrl` when only it can serve the file. */
  async url(key: string, baseUrl: string): Promise<string> {
    const kept = this.#kept.get(key);
    const url = kept && kept.untilMs > this.#clock() ? kept.url : await this.#ask(key);
    return url ?? `${baseUrl}/artifacts/${encodeURIComponent(key)}`;
  }

  async #ask(key: string): Promise<string | undefined> {
    const url = await this.#artifacts.url(key, this.#ttlSeconds);
    this.#kept.delete(key);
    this.#kept.set(key, { url, untilMs: this.#clock() + this.#ttlSeconds * 500 });
    if (this.#kept.size > KEPT) {
      const oldest = this.#kept.keys().next();
      if (!oldest.done) this.#kept.delete(oldest.value);
    }
    return url;
  }
}
