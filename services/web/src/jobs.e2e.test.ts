import type { JobList, JobRow } from '@genfleet/client';
import { beforeAll, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { accessibilityFaults } from '../test/browser.ts';
import { describeInBrowser } from '../test/in-browser.ts';

/** A busy machine draws slowly. */
const DRAW_MS = 120_000;

await describeInBrowser('the jobs in a browser', (scene) => {
  // what is older than the servers' views would be asked of the ledger
  const startedAt = new Date().toISOString();
  const ids = { retried: '', late: '', text: '' };

  const post = async (path: string, body: unknown): Promise<string> => {
    const response = await fetch(`${scene.product.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(response.ok).toBe(true);
    return ((await response.json()) as { id: string }).id;
  };
  const draw = (prompt: string, more: Record<string, unknown> = {}, settings: Record<string, unknown> = {}) =>
    post('/images/', {
      generation_settings: { prompt, width: 64, height: 64, steps: 2, ...settings },
      ...more,
    });
  /** All there are; a test that is run again finds those of later ones, too. */
  const jobs = async (): Promise<readonly JobRow[]> =>
    ((await (await fetch(`${scene.product.url}/jobs?limit=100&from=${startedAt}`)).json()) as JobList).jobs;
  const until = async (what: (row: JobRow | undefined) => boolean, id: string) => {
    for (const endMs = Date.now() + DRAW_MS; ; ) {
      if (what((await jobs()).find((row) => row.id === id))) return;
      if (Date.now() > endMs) throw new Error(`job ${id} never got there`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };

  const open = async (hash = '#/jobs', options: Parameters<typeof scene.open>[0] = {}): Promise<Page> => {
    const page = await scene.open(options);
    await page.goto(`${scene.product.url}/${hash}`);
    await page.locator('.job-table, .jobs-page .nothing').first().waitFor();
    return page;
  };
  const rows = (page: Page) => page.locator('.job-table tbody tr');
  const count = (page: Page, count: number) =>
    page.waitForFunction(
      (wanted) => document.querySelectorAll('.job-table tbody tr').length === wanted,
      count,
    );
  const order = (page: Page) =>
    page.locator('.job-link').evaluateAll((links) => links.map((each) => each.getAttribute('href')));
  const link = (page: Page, id: string) => page.locator(`.job-link[href*="${id}"]`);

  beforeAll(async () => {
    ids.retried = await draw('it breaks once', {}, { steps: 100, width: 512, height: 512 });
    await until((row) => row?.status === 'running', ids.retried);
    scene.product.killEngine();
    await draw('one', { metadata: { grouping: 'pair' } });
    await draw('two', { metadata: { grouping: 'pair' } });
    ids.late = await draw('too late', { deadline_seconds: 0.001 });
    ids.text = await post('/v1/completions', {
      model: 'genfleet-demo-code',
      prompt: 'def add(',
      max_tokens: 8,
      store: true,
    });
    for (const id of [ids.retried, ids.late]) await until((row) => row?.end_time != null, id);
  }, 2 * DRAW_MS);

  it('fill the table, and filters in the address narrow it', async () => {
    const engines = scene.product.children('ledger-process');
    const page = await open();
    const all = (await jobs()).length;
    await count(page, all);
    const retried = rows(page).filter({ has: link(page, ids.retried) });
    expect(await retried.locator('td').allTextContents()).toEqual(
      expect.arrayContaining(['Done', 'Image', 'genfleet-demo', 'default', '2']),
    );
    await rows(page)
      .filter({ has: link(page, ids.late) })
      .getByText('It did not finish in time')
      .waitFor();

    // a table is no reason to load an engine for SQL
    expect(scene.product.children('ledger-process')).toEqual(engines);
    await page.getByRole('button', { name: 'Failed' }).click();
    await count(page, (await jobs()).filter(({ status }) => status === 'dead').length);
    expect(page.url()).toMatch(/#\/jobs\?status=dead$/);
    await page.getByRole('button', { name: 'Failed' }).click();
    await page.getByLabel('Kind').selectOption('Text');
    await count(page, 1);
    await page.getByLabel('Kind').selectOption('All');
    await page.getByLabel('Grouping').fill('pair');
    await count(page, 2);
    await page.getByRole('button', { name: 'Last hour' }).click();
    await page.waitForURL(/#\/jobs\?grouping=pair&last=1h$/);
    await page.reload();
    await count(page, 2);
    expect(await page.getByLabel('Grouping').inputValue()).toBe('pair');
    await page.getByLabel('To', { exact: true }).fill('2020-01-01T00:00');
    await page.getByText('No job matches these filters.').waitFor();
    await page.getByRole('button', { name: 'Look at all time' }).click();
    await count(page, 2);
    await page.getByRole('button', { name: 'Clear filters' }).click();
    await count(page, all);
    expect(scene.errors).toEqual([]);
  }, 120_000);

  it('tell the history of one that failed and was tried again, with its picture and its events', async () => {
    const page = await open();
    await link(page, ids.retried).click();
    const sheet = page.getByRole('dialog', { name: /^Job / });
    const runs = sheet.locator('.run');
    await runs.nth(1).getByText('Completed').waitFor();
    expect(await runs.locator('h3').allTextContents()).toEqual(['Attempt 1', 'Attempt 2']);
    await runs
      .nth(0)
      .getByText(/The model failed\./)
      .waitFor();
    const titles = await runs.nth(1).locator('.step strong').allTextContents();
    // a claim that came too late for another is in the ledger, too
    expect([...new Set(titles)]).toEqual(['Put back in line', 'Started', 'Completed']);
    expect(
      await runs
        .nth(1)
        .getByText(/ later$/)
        .count(),
    ).toBe(titles.length);
    expect(await sheet.getByRole('img', { name: 'Picture 1' }).count()).toBe(1);
    await runs.nth(0).getByText('Event', { exact: true }).first().click();
    const event = await sheet.getByLabel('Event as JSON').textContent();
    expect(JSON.parse(event ?? '')).toMatchObject({ type: 'requested', id: ids.retried, attempt: 1 });
    await page.reload();
    await runs.nth(1).getByText('Completed').waitFor();
    await sheet.getByRole('link', { name: 'How it was made' }).click();
    await page.getByRole('dialog', { name: 'it breaks once' }).waitFor();
    expect(scene.errors).toEqual([]);
  }, 120_000);

  it('show a text that was kept', async () => {
    const page = await open(`#/jobs/${ids.text}?kind=completion`);
    const sheet = page.getByRole('dialog', { name: /^Job / });
    expect(await sheet.getByLabel('Text 1').textContent()).not.toBe('');
    await sheet.getByText('Completed').waitFor();
    expect(scene.errors).toEqual([]);
  }, 120_000);

  it('are charted when the charts are opened, and not before', async () => {
    const page = await open();
    const ended = (await jobs()).map(({ status }) => status);
    const completed = ended.filter((status) => status === 'completed').length;
    const failed = ended.filter((status) => status === 'dead').length;
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await page.getByText('Charts', { exact: true }).click();
    await page.getByText(`In all: ${completed} completed, ${failed} failed`).waitFor();
    expect(page.url()).toMatch(/#\/jobs\?charts=open$/);
    // the newest bar by the keyboard; all jobs are of this hour, or of the one before
    const plot = page.getByRole('slider', { name: 'Jobs that ended, by time' });
    await plot.focus();
    await page.keyboard.press('End');
    expect(await plot.getAttribute('aria-valuetext')).toMatch(/ to .*: .*(?:completed|failed|none)/);
    await page.getByText('As a table').click();
    const figures = page.getByRole('region', { name: 'Jobs that ended' }).locator('tbody td');
    const sum = (await figures.allTextContents()).reduce((all, text) => all + Number(text), 0);
    expect(sum).toBe(ended.length);
    const waits = page.getByRole('region', { name: 'How long they waited' });
    await waits.getByRole('row', { name: new RegExp(`^genfleet-demo ${completed - 1} `) }).waitFor();
    await page
      .getByRole('region', { name: 'Why they failed' })
      .getByRole('row', { name: `It did not finish in time ${failed}` })
      .waitFor();
    await page.getByLabel('Kind').selectOption('Text');
    await page.getByText('In all: 1 completed').waitFor();

    asked.length = 0;
    await page.getByText('Charts', { exact: true }).click();
    await page.waitForURL(/#\/jobs\?kind=completion$/);
    await page.reload();
    await count(page, 1);
    expect(asked.filter((path) => path.startsWith('/ledger'))).toEqual([]);
    expect(scene.errors).toEqual([]);
  }, 120_000);

  it.each([
    [403, 'Charts are for operators of this server.'],
    [503, 'The ledger can’t be read at the moment.'],
  ])(
    'do without a ledger that answers %d',
    async (status, words) => {
      const page = await scene.open();
      await page.route('**/ledger/queries/*', (route) =>
        route.fulfill({ status, contentType: 'application/problem+json', body: '{"detail":"no"}' }),
      );
      await page.goto(`${scene.product.url}/#/jobs?charts=open`);
      await page.getByText(words).nth(3).waitFor();
      await count(page, (await jobs()).length);
      expect(await page.getByRole('alert').count()).toBe(0);
    },
    120_000,
  );

  it('are walked through by the keyboard alone', async () => {
    const page = await open();
    await count(page, (await jobs()).length);
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute('href') ?? '');
    const hrefs = await order(page);
    await page.locator('.job-link').first().focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    expect(await focused()).toBe(hrefs[2]);
    await page.keyboard.press('End');
    expect(await focused()).toBe(hrefs.at(-1));
    await page.keyboard.press('Enter');
    const sheet = page.getByRole('dialog', { name: /^Job / });
    await sheet.locator('.step').first().waitFor();
    await page.keyboard.press('ArrowLeft');
    await page.waitForURL((url) => url.hash === hrefs.at(-2));
    await page.keyboard.press('Escape');
    await sheet.waitFor({ state: 'detached' });
    expect(await page.evaluate(() => window.location.hash)).toBe('#/jobs');
    expect(scene.errors).toEqual([]);
  }, 120_000);

  it('come page by page, and newer ones never move a row that is pointed at', async () => {
    const page = await scene.open();
    await page.route('**/jobs?*', (route) => {
      const url = new URL(route.request().url());
      url.searchParams.set('limit', '2');
      return route.continue({ url: url.href });
    });
    await page.goto(`${scene.product.url}/#/jobs`);
    const all = (await jobs()).length;
    await count(page, 2);
    for (let read = 4; read < all + 2; read += 2) {
      await page.getByRole('button', { name: 'Load more' }).click();
      await count(page, Math.min(read, all));
    }
    expect(await page.getByRole('button', { name: 'Load more' }).count()).toBe(0);

    await rows(page).nth(1).hover();
    const before = await order(page);
    const id = await draw('a newer one');
    await page.getByRole('button', { name: '1 new: show' }).waitFor();
    expect(await order(page)).toEqual(before);
    await page.getByRole('button', { name: '1 new: show' }).click();
    await count(page, all + 1);
    expect(await rows(page).first().locator('.job-link').getAttribute('href')).toContain(id);
    expect(scene.errors).toEqual([]);
  }, 120_000);

  it('are brought back and cancelled from their history', async () => {
    const late = await draw('too late again', { deadline_seconds: 0.001 });
    const page = await open(`#/jobs/${late}`);
    const sheet = page.getByRole('dialog', { name: /^Job / });
    await sheet.getByRole('button', { name: 'Redrive' }).click();
    await sheet.getByText('after redrive 1').waitFor();
    await sheet.getByText('Redriven').waitFor();

    const id = await draw('slowly', {}, { steps: 150, width: 512, height: 512, batch_size: 8 });
    await page.goto(`${scene.product.url}/#/jobs/${id}`);
    await sheet.getByRole('button', { name: 'Cancel' }).click();
    await sheet.getByText('Cancelled by the client').waitFor();
    expect(await sheet.locator('.pill').textContent()).toBe('Cancelled');
    await page.keyboard.press('Escape');
    await rows(page)
      .filter({ has: link(page, id) })
      .getByText('Cancelled')
      .waitFor();
    expect(scene.errors).toEqual([]);
  }, 120_000);

  it.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 380],
  ] as const)(
    'have no accessibility faults in %s at %d pixels, and nothing sticks out',
    async (colorScheme, width) => {
      const page = await open('#/jobs?charts=open', { colorScheme, viewport: { width, height: 800 } });
      await page.getByText(/^In all: /).waitFor();
      await page.getByRole('region', { name: 'Why they failed' }).getByRole('table').waitFor();
      expect(await accessibilityFaults(page)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
      await link(page, ids.retried).click();
      const sheet = page.getByRole('dialog', { name: /^Job / });
      await sheet.getByText('Event', { exact: true }).first().click();
      await sheet.getByLabel('Event as JSON').waitFor();
      expect(await accessibilityFaults(page)).toEqual([]);
      expect(scene.errors).toEqual([]);
    },
    120_000,
  );
});
