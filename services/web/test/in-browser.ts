import { afterAll, afterEach, beforeAll, describe, expect } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { findChromium, openBrowser, type Visit, visit } from './browser.ts';
import { Product } from './product.ts';

const LOOK_MS = 60_000;
const START_MS = 120_000;

/** What the tests of one file share: a browser, the product, and the page that a test has opened. */
export class Scene {
  #browser: Browser | undefined;
  #product: Product | undefined;
  #current: Visit | undefined;

  get product(): Product {
    if (!this.#product) throw new Error('the product has not been started');
    return this.#product;
  }

  /** Errors of the page that was opened last. */
  get errors(): readonly string[] {
    return this.#current?.errors ?? [];
  }

  /** Opens a page in a profile of its own; at a path of the product if one is given. */
  async open(options: BrowserContextOptions = {}, url = this.product.url): Promise<Page> {
    if (!this.#browser) throw new Error('the browser has not been started');
    this.#current = undefined;
    this.#current = await visit(this.#browser, url, options);
    this.#current.page.setDefaultTimeout(LOOK_MS);
    return this.#current.page;
  }

  async start(path: string, startProduct: () => Promise<Product>): Promise<void> {
    [this.#browser, this.#product] = await Promise.all([openBrowser(path), startProduct()]);
  }

  /** Closes what the test has opened; it must have asked nobody but the product. */
  async leave(): Promise<void> {
    await this.#current?.page.context().close();
    expect(this.#current?.strangers ?? []).toEqual([]);
  }

  async stop(): Promise<void> {
    await this.#browser?.close();
    await this.#product?.remove();
  }
}

/**
 * A suite over the product in Chromium; skipped where there is none, which its name then says. Await it: the browser is
 * looked for before the suite is described.
 */
export async function describeInBrowser(
  name: string,
  tests: (scene: Scene) => void,
  startProduct: () => Promise<Product> = () => Product.start(),
): Promise<void> {
  const found = await findChromium();
  const scene = new Scene();
  if ('missing' in found) return describe.skip(`${name} (${found.missing})`, () => tests(scene));
  describe(name, () => {
    beforeAll(() => scene.start(found.path, startProduct), START_MS);
    afterEach(() => scene.leave());
    afterAll(() => scene.stop());
    tests(scene);
  });
}
