import { expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { accessibilityFaults } from '../test/browser.ts';
import { describeInBrowser } from '../test/in-browser.ts';
import { startPathProxy } from '../test/path-proxy.ts';

const PROMPT = 'a red circle above a blue square';
/** A busy machine draws slowly. */
const DRAW_MS = 120_000;

await describeInBrowser('the page in a browser', (scene) => {
  /** A job of somebody else. */
  const post = async (body: Record<string, unknown>) => {
    const response = await fetch(`${scene.product.url}/images/`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(202);
  };
  const stage = (page: Page) => page.locator('#stage');
  const ask = async (page: Page, settings: Record<string, string> = {}) => {
    for (const [label, value] of Object.entries(settings))
      await page.getByLabel(label, { exact: true }).fill(value);
    await page.getByLabel('Describe a picture').fill(PROMPT);
    await page.getByRole('button', { name: 'Generate' }).click();
  };

  it('works under the path of a proxy', async () => {
    const proxy = await startPathProxy('/fleet', scene.product.url);
    try {
      const page = await scene.open({}, proxy.url);
      await page.getByText('1 worker runs it.').waitFor({ state: 'attached' });
      const docs = await page
        .getByRole('link', { name: 'API', exact: true })
        .evaluate((link) => (link as HTMLAnchorElement).href);
      expect(docs).toBe(`${proxy.url}/docs`);
      expect((await fetch(docs)).status).toBe(200);
      expect(scene.errors).toEqual([]);
    } finally {
      await proxy.close();
    }
  }, 120_000);

  it('shows a picture as it appears out of noise, and keeps it in the gallery', async () => {
    await post({ generation_settings: { prompt: 'an older one', width: 64, height: 64, steps: 1 } });
    const page = await scene.open();
    await ask(page, { Steps: '40' });
    await stage(page).locator('img.preview').waitFor({ timeout: DRAW_MS });
    await stage(page)
      .getByText(/^Step \d+ of 40$/)
      .waitFor();
    const picture = stage(page).getByRole('img', { name: PROMPT, exact: true });
    await picture.and(page.locator('.loaded')).waitFor({ timeout: DRAW_MS });
    expect(await sizeOf(picture)).toEqual([512, 512]);

    await page.reload();
    const tile = page.locator('.tile').filter({ hasText: PROMPT });
    await tile.locator('img.loaded').waitFor();
    expect(await sizeOf(tile.locator('img.finished'))).toEqual([512, 512]);
    expect(scene.errors).toEqual([]);
  }, 300_000);

  it('tells how a picture was made, and makes the same again or another', async () => {
    const page = await scene.open();
    await page.locator('.tile a').first().click();
    const dialog = page.getByRole('dialog', { name: PROMPT });
    await dialog.waitFor();
    await page.keyboard.press('ArrowRight');
    const older = page.getByRole('dialog', { name: 'an older one' });
    await older.getByText('64 × 64').waitFor();
    await page.keyboard.press('ArrowLeft');
    const seed = await dialog.locator('dt:text-is("Seed") + dd').textContent();
    expect(seed).toMatch(/^\d+$/);
    expect(await dialog.getByText('Drawn in').count()).toBe(1);
    await dialog.getByText('The same with curl').click();
    const command = (await dialog.getByRole('region', { name: 'Command' }).textContent()) ?? '';
    expect(command).toContain(`curl -N ${scene.product.url}/images/`);
    expect(command).toContain(`"seed": ${seed}`);
    await dialog.getByRole('button', { name: 'Use these settings' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(await page.getByLabel('Seed', { exact: true }).inputValue()).toBe(seed);
    expect(await page.getByLabel('Steps', { exact: true }).inputValue()).toBe('40');

    await stage(page).getByRole('button', { name: 'Same with new seed' }).click();
    await page.locator('.tile').nth(2).waitFor();
    await stage(page).getByText('Done', { exact: true }).waitFor({ timeout: DRAW_MS });
    expect(await stage(page).getByText(/^Seed/).textContent()).not.toContain(`Seed ${seed} `);
    expect(scene.errors).toEqual([]);
  }, 300_000);

  it('sends with Ctrl+Enter, shows the place in line and cancels what runs and what waits', async () => {
    const page = await scene.open();
    await ask(page, { Steps: '150', Pictures: '8' });
    await stage(page)
      .getByText(/^Step \d+ of \d+$/)
      .waitFor({ timeout: DRAW_MS });
    await page.getByLabel('Describe a picture').press('Control+Enter');
    await stage(page)
      .getByText(/in line/i)
      .first()
      .waitFor();
    await stage(page).getByRole('button', { name: 'Cancel' }).click();
    await stage(page).getByText('Cancelled').first().waitFor();

    await page.locator('.tile[data-status="running"] a').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await dialog.getByText('Cancelled').first().waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    expect(await page.locator('.tile[data-status="cancelled"]').count()).toBe(2);
    expect(scene.errors).toEqual([]);
  }, 300_000);

  it('shows what is wrong with the input beside it', async () => {
    const page = await scene.open();
    await page.getByLabel('Width', { exact: true }).fill('100');
    await page.getByLabel('Seed', { exact: true }).fill('-1');
    await page.getByRole('button', { name: 'Generate' }).click();
    await page.getByRole('alert').filter({ hasText: 'Please look at' }).waitFor();
    for (const label of ['Describe a picture', 'Width', 'Seed']) {
      const field = page.getByLabel(label, { exact: true });
      expect(await field.getAttribute('aria-invalid')).toBe('true');
      const note = page.locator(`#${await field.getAttribute('aria-describedby')}`);
      expect(await note.textContent()).not.toBe('');
    }
    expect(await page.locator('#width-note').textContent()).toMatch(/^\d+ is not a multiple of 8$/);
    expect(await page.locator('#prompt-note').textContent()).toBe('must not be empty');
    // the browser's own line about the refusal, and nothing else
    expect(scene.errors).toEqual([expect.stringContaining('422')]);
  }, 180_000);

  it('lists dead letters with their reason and brings them back', async () => {
    await post({ generation_settings: { prompt: 'too late' }, deadline_seconds: 0.001 });
    const page = await scene.open();
    await page.locator('.tile[data-status="dead"]').waitFor({ timeout: DRAW_MS });
    await page.getByRole('link', { name: /Dead letters/ }).click();
    await page.getByRole('status').filter({ hasText: 'Dead letters' }).waitFor({ state: 'attached' });
    expect(await page.title()).toContain('Dead letters');
    const letter = page.locator('.letter').filter({ hasText: 'too late' });
    await letter.getByText('It did not finish in time.').waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await letter.getByRole('button', { name: 'Redrive' }).click();
    await page.getByRole('status').filter({ hasText: 'Back in line' }).waitFor();
    expect(scene.errors).toEqual([]);
  }, 180_000);

  it('says that the server is away, and goes on with the job when it is back', async () => {
    const page = await scene.open();
    await ask(page, { Steps: '120' });
    await stage(page)
      .getByText(/^Step \d+ of 120$/)
      .waitFor({ timeout: DRAW_MS });
    await page.mouse.wheel(0, 10_000);
    await scene.product.end('SIGKILL');
    const notice = page.getByText('The server does not answer.');
    await notice.waitFor();
    expect((await notice.boundingBox())?.y).toBeGreaterThanOrEqual(0);
    await page.getByRole('link', { name: 'Code', exact: true }).click();
    await page.getByText(/Getting|Could not fetch/).waitFor();
    await scene.product.start();
    await page.getByRole('textbox', { name: /^Code/ }).waitFor();
    await page.goBack();
    await notice.waitFor({ state: 'detached' });
    await stage(page)
      .getByRole('img', { name: PROMPT, exact: true })
      .and(page.locator('.loaded'))
      .waitFor({ timeout: DRAW_MS });
    expect(await stage(page).getByText('Done', { exact: true }).count()).toBe(1);
  }, 300_000);

  it.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 360],
  ] as const)(
    'has no accessibility faults in %s at %d pixels, and nothing sticks out',
    async (colorScheme, width) => {
      const page = await scene.open({ colorScheme, viewport: { width, height: 800 } });
      await page.locator('.tile img.loaded').first().waitFor();
      expect(await accessibilityFaults(page)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
      await page.locator('.tile a').first().click();
      await page.getByRole('dialog').getByText('The same with curl').click();
      expect(await accessibilityFaults(page)).toEqual([]);
      expect(scene.errors).toEqual([]);
    },
    240_000,
  );
});

function sizeOf(picture: ReturnType<Page['locator']>): Promise<number[]> {
  return picture.evaluate((element) =>
    element instanceof HTMLImageElement ? [element.naturalWidth, element.naturalHeight] : [],
  );
}
