import { expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { accessibilityFaults } from '../test/browser.ts';
import { describeInBrowser } from '../test/in-browser.ts';

/** The editor against the product as `npm start` runs it, with the demo code model. */

const LOOK_MS = 60_000;
const FEEDBACK = 'genfleet_completion_feedback_total';

await describeInBrowser('the editor in a browser', (scene) => {
  const open = async (options: Parameters<typeof scene.open>[0] = {}): Promise<Page> => {
    const page = await scene.open(options);
    await page.getByRole('link', { name: 'Code', exact: true }).click();
    await editor(page).waitFor();
    // until the page knows the model nothing is asked
    await page.getByRole('option', { name: /genfleet-demo-code/ }).waitFor({ state: 'attached' });
    return page;
  };
  const editor = (page: Page) => page.getByRole('textbox', { name: /^Code/ });
  const ghost = (page: Page) => page.locator('.ghost');
  /** What is in the text, without what is only suggested. */
  const written = (page: Page) =>
    editor(page).evaluate((element) =>
      [...element.querySelectorAll('.cm-line')]
        .map((line) => {
          const copy = line.cloneNode(true) as Element;
          for (const other of copy.querySelectorAll('.ghost, .cm-placeholder')) other.remove();
          return copy.textContent;
        })
        .join('\n'),
    );
  const figure = (page: Page, name: string) =>
    page.locator(`.figures dt:text-is("${name}") + dd`).textContent();
  const settled = (page: Page) => page.locator('.phase[data-phase="ready"]').waitFor();
  const counted = async (outcome: 'accepted' | 'rejected'): Promise<number> => {
    const text = await (await fetch(`${scene.product.url}/metrics`)).text();
    const line = text.split('\n').find((each) => each.startsWith(FEEDBACK) && each.includes(`"${outcome}"`));
    return Number(line?.split(' ').at(-1) ?? 0);
  };
  const until = async (condition: () => Promise<boolean>) => {
    const endMs = Date.now() + LOOK_MS;
    while (!(await condition())) {
      if (Date.now() > endMs) throw new Error('condition not met in time');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };

  it('suggests at a pause, piece by piece; Tab takes it, and it is undone by itself', async () => {
    const page = await open();
    const before = await counted('accepted');
    await editor(page).evaluate((element) => {
      const seen = new Set<string>();
      Object.assign(window, { seen });
      const look = () => seen.add(element.querySelector('.ghost')?.textContent ?? '');
      new MutationObserver(look).observe(element, { subtree: true, childList: true, characterData: true });
    });
    await editor(page).click();
    await page.keyboard.type('def add(a, b):');
    await ghost(page).waitFor();
    await settled(page);
    const suggested = (await ghost(page).textContent()) ?? '';
    expect(suggested.trim()).not.toBe('');
    const seen = await page.evaluate(() => [...(window as unknown as { seen: Set<string> }).seen]);
    const pieces = seen.filter((text) => text !== '');
    expect(pieces.length).toBeGreaterThan(1);
    for (const piece of pieces) expect(suggested.startsWith(piece)).toBe(true);
    expect(await page.getByRole('status').filter({ hasText: 'Suggestion: ' }).count()).toBe(1);
    expect(await written(page)).toBe('def add(a, b):');

    await page.keyboard.press('Tab');
    expect(await written(page)).toBe(`def add(a, b):${suggested}`);
    await until(async () => (await counted('accepted')) === before + 1);
    expect(await figure(page, 'Accepted')).toBe('1');
    expect(await figure(page, 'First text')).toMatch(/ (ms|s)$/);
    expect(await figure(page, 'Tokens/s')).toMatch(/^\d+$/);
    await page.keyboard.press('Control+z');
    expect(await written(page)).toBe('def add(a, b):');
    expect(scene.errors).toEqual([]);
  }, 180_000);

  it('takes one word with Ctrl and the arrow, and keeps the rest for whoever types it', async () => {
    const page = await open();
    await editor(page).click();
    await page.keyboard.type('import os\n\ndef read_lines(path):');
    await settled(page);
    const suggested = (await ghost(page).textContent()) ?? '';
    await page.keyboard.press('Control+ArrowRight');
    const rest = (await ghost(page).textContent()) ?? '';
    expect(rest.length).toBeLessThan(suggested.length);
    expect(suggested.endsWith(rest)).toBe(true);
    const [next = ''] = rest;
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.keyboard.insertText(next);
    expect(await ghost(page).textContent()).toBe(rest.slice(1));
    expect(asked.filter((url) => url.endsWith('/v1/completions'))).toEqual([]);
    expect(scene.errors).toEqual([]);
  }, 180_000);

  it('lets a newer keystroke supersede what is being written, and counts that for nothing', async () => {
    const page = await open();
    const before = [await counted('accepted'), await counted('rejected')];
    // so much that it is still being written when the next key is pressed
    await page.route('**/v1/completions', (route) => {
      const { stop: _stop, ...body } = route.request().postDataJSON();
      return route.continue({ postData: { ...body, max_tokens: 900 } });
    });
    const answering = page.waitForResponse((response) => response.url().endsWith('/v1/completions'));
    await editor(page).click();
    await page.keyboard.type('class Queue:');
    const overtaken = await answering;
    await ghost(page).waitFor();
    const hungUp = page.waitForEvent('requestfailed', (request) => request === overtaken.request());
    const asking = page.waitForRequest((request) => request.url().endsWith('/v1/completions'));
    await page.keyboard.type('#');
    expect((await hungUp).failure()?.errorText).toBe('net::ERR_ABORTED');
    const newer = await asking;
    expect(newer.postDataJSON()).toMatchObject({ prompt: 'class Queue:#', stream: true });
    const sessions = [overtaken.request(), newer].map((request) => request.headers()['x-session-id']);
    expect(sessions[0]).toMatch(/^page-/);
    expect(sessions[1]).toBe(sessions[0]);
    // on the server it is over as well
    const job = `${scene.product.url}/v1/completions/${overtaken.headers()['genfleet-job-id']}`;
    await until(async () => {
      const { status } = (await (await fetch(job)).json()) as { status: string };
      return status === 'cancelled';
    });
    expect([await counted('accepted'), await counted('rejected')]).toEqual(before);
    expect(scene.errors).toEqual([]);
  }, 180_000);

  it('counts what is dismissed with Escape, and then lets Tab leave the editor', async () => {
    const page = await open();
    const before = await counted('rejected');
    await page.getByRole('button', { name: 'class Queue:' }).click();
    await settled(page);
    const text = await written(page);
    await page.keyboard.press('Escape');
    await ghost(page).waitFor({ state: 'detached' });
    await until(async () => (await counted('rejected')) === before + 1);
    expect(await figure(page, 'Rejected')).toBe('1');
    expect(await written(page)).toBe(text);
    await page.keyboard.press('Escape');
    await page.keyboard.press('Tab');
    expect(await editor(page).evaluate((element) => element.contains(document.activeElement))).toBe(false);
    expect(scene.errors).toEqual([]);
  }, 180_000);

  it('fills in the middle: what stands after the cursor is sent as well', async () => {
    const page = await open();
    await editor(page).click();
    await page.keyboard.insertText('def mean(values):\n\n    return total / len(values)\n');
    for (const key of ['Control+Home', 'ArrowDown']) await page.keyboard.press(key);
    const asking = page.waitForRequest((request) => request.url().endsWith('/v1/completions'));
    await page.keyboard.type('    ');
    expect((await asking).postDataJSON()).toMatchObject({
      prompt: 'def mean(values):\n    ',
      suffix: '\n    return total / len(values)\n',
      model: 'genfleet-demo-code',
    });
    expect(scene.errors).toEqual([]);
  }, 180_000);

  it('keeps the text of the tab, and says plainly what the model is', async () => {
    const page = await open();
    await page.getByText('it looks like Python and means little').waitFor();
    await editor(page).click();
    await page.keyboard.type('x = 1');
    await page.getByRole('link', { name: /Pictures/ }).click();
    await page.getByLabel('Describe a picture').waitFor();
    await page.goBack();
    await editor(page).waitFor();
    expect(await written(page)).toBe('x = 1');
    await page.reload();
    await editor(page).waitFor();
    expect(await written(page)).toBe('x = 1');
    expect(scene.errors).toEqual([]);
  }, 180_000);

  it('says when there is no model, or nobody to run it, and is an editor all the same', async () => {
    const page = await open();
    let models: unknown[] = [];
    await page.route('**/models', (route) => route.fulfill({ json: { models } }));
    await page.reload();
    await page.getByText('No worker has announced a model yet.').waitFor();
    let asks = 0;
    page.on('request', (request) => {
      if (request.url().endsWith('/v1/completions')) asks += 1;
    });
    await editor(page).click();
    await page.keyboard.type('x = 1');
    models = [{ name: 'm', kind: 'completion', aliases: [], samplers: [], demo: false, workers: 0 }];
    await page.getByText('No worker runs m at the moment').waitFor();
    expect(await written(page)).toBe('x = 1');
    expect(asks).toBe(0);
    expect(scene.errors).toEqual([]);
  }, 180_000);

  it('says when the server asks for patience or refuses, and does not knock again in vain', async () => {
    const page = await open();
    let status = 429;
    let asks = 0;
    await page.route('**/v1/completions', (route) => {
      asks += 1;
      const error = { message: `refused with ${status}`, type: 'x', param: null, code: null };
      return route.fulfill({ status, headers: { 'retry-after': '1' }, json: { error } });
    });
    await editor(page).click();
    await page.keyboard.type('a');
    await page.getByRole('alert').filter({ hasText: 'refused with 429. Try again in 1 s.' }).waitFor();
    status = 403;
    await page.keyboard.type('b');
    await page.getByRole('alert').filter({ hasText: 'refused with 403' }).waitFor();
    expect(asks).toBe(2);
    await page.keyboard.type('c');
    expect(await written(page)).toBe('abc');
    expect(await accessibilityFaults(page)).toEqual([]);
    // the browser's own lines about the two refusals, and nothing else
    expect(scene.errors).toEqual([expect.stringContaining('429'), expect.stringContaining('403')]);
  }, 180_000);

  it.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 360],
  ] as const)(
    'has no accessibility faults in %s at %d pixels, and nothing sticks out',
    async (colorScheme, width) => {
      const page = await open({ colorScheme, viewport: { width, height: 800 } });
      expect(await accessibilityFaults(page)).toEqual([]);
      await page.getByRole('button', { name: 'def add(a, b):' }).click();
      await settled(page);
      await page.getByText('The same with curl').click();
      expect(await page.getByRole('region', { name: 'Command' }).textContent()).toContain(
        '"prompt": "def add(a, b):"',
      );
      expect(await accessibilityFaults(page)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
      await page.getByRole('button', { name: /^Take it/ }).click();
      expect(await figure(page, 'Accepted')).toBe('1');
      expect(scene.errors).toEqual([]);
    },
    180_000,
  );
});
