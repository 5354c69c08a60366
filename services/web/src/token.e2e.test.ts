import { afterAll, expect, it } from '@jest/globals';
import { GitlabStandIn } from '../../../packages/auth-gitlab/test/gitlab-stand-in.ts';
import { accessibilityFaults } from '../test/browser.ts';
import { describeInBrowser, type Scene } from '../test/in-browser.ts';
import { Product } from '../test/product.ts';

/** The page of a product that asks GitLab about everybody. */

const MAY = 'glpat-may-call-0001';
const MAY_NOT = 'glpat-may-not-0002';

let gitlab: GitlabStandIn;

async function startGuarded(): Promise<Product> {
  gitlab = await GitlabStandIn.start();
  gitlab.addUser(MAY, true);
  gitlab.addUser(MAY_NOT, false);
  return Product.start({ AUTH: 'gitlab', GITLAB_API_URL: gitlab.apiUrl, USE_LOCAL_CACHE: 'true' });
}

await describeInBrowser('the page with a token', tests, startGuarded);

function tests(scene: Scene): void {
  afterAll(() => gitlab?.stop());

  it('asks for one, says why it does not do, and works with one that does', async () => {
    const page = await scene.open();
    const use = async (label: string, token: string) => {
      await page.getByLabel(label).fill(token);
      await page.getByRole('button', { name: 'Use it' }).click();
    };
    await page.getByLabel('This server asks for a token').waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await use('This server asks for a token', 'glpat-unknown-0003');
    await use('The server does not take this token', MAY_NOT);
    await use('This token may not use the server', MAY);
    await page.getByRole('button', { name: 'Forget the token' }).waitFor();

    // a picture, which an image element could not load by itself
    await page.getByLabel('Steps', { exact: true }).fill('2');
    await page.getByLabel('Describe a picture').fill('a red circle');
    await page.getByRole('button', { name: 'Generate' }).click();
    const picture = page.locator('#stage').getByRole('img', { name: 'a red circle', exact: true });
    await picture.and(page.locator('.loaded')).waitFor();
    expect(await page.getByRole('link', { name: 'Download' }).getAttribute('href')).toMatch(/^blob:/);

    await page.getByRole('link', { name: 'Code', exact: true }).click();
    await page.getByRole('button', { name: 'def add(a, b):' }).click();
    await page.locator('.ghost').waitFor();

    // it stays in the tab until it is forgotten
    await page.reload();
    await page.getByRole('button', { name: 'Forget the token' }).click();
    await page.getByLabel('This server asks for a token').waitFor();
    expect(await page.evaluate(() => JSON.stringify([localStorage, sessionStorage]))).not.toContain('glpat');
    // the browser's own lines about the refusals, and nothing else
    expect(scene.errors.filter((line) => !/status of 40[13]/.test(line))).toEqual([]);
  }, 240_000);
}
