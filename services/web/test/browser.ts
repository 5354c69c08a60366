import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { MissingError, runScript } from '../../../tools/provision/script.ts';

/** How to start Chromium in a container or as root, without a display or a GPU. */
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];

/** The browser's binary, or why there is none. @throws Error instead when `CI=true`. */
export async function findChromium(): Promise<{ path: string } | { missing: string }> {
  try {
    return { path: await runScript('chromium', ['path']) };
  } catch (error) {
    if (!(error instanceof MissingError) || process.env['CI'] === 'true') throw error;
    process.stderr.write(`without a browser: ${error.message}\n`);
    return { missing: error.message };
  }
}

export function openBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: FLAGS });
}

/** A page, and what should never happen on one. */
export interface Visit {
  readonly page: Page;
  /** Errors on the console and exceptions. */
  readonly errors: string[];
  /** Requests to any other server than the product's. */
  readonly strangers: string[];
}

export async function visit(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const errors: string[] = [];
  const strangers: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(`${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('request', (request) => {
    const isOwn = request.url().startsWith(`${url}/`) || /^(?:data|blob):/.test(request.url());
    if (!isOwn) strangers.push(request.url());
  });
  await page.goto(`${url}/`);
  return { page, errors, strangers };
}

/** What axe finds, one line each. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.flatMap(({ id, impact, nodes }) =>
    nodes.map((node) => `${impact} ${id}: ${node.target.join(' ')} ${node.failureSummary ?? ''}`),
  );
}
