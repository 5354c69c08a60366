import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PAGES = ['README.md', 'docs/**/*.md', 'packages/*/README.md', 'services/*/README.md'].flatMap(
  (pattern) => globSync(pattern, { cwd: ROOT }),
);

/** What a page leads to within the repository, as it stands there. */
function linksIn(page: string): string[] {
  const text = proseOf(page);
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link]) => String(link))
    .filter((link) => !/^https?:/.test(link));
}

/** A page without its blocks of code. */
function proseOf(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8').replace(/```[\s\S]*?```/g, '');
}

/** The names under which a page's headings are linked to. */
function anchorsIn(page: string): string[] {
  return [...proseOf(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  );
}

function targetOf(page: string, link: string): { path: string; anchor: string } {
  const [path = '', anchor = ''] = link.split('#');
  return { path: path === '' ? page : normalize(join(dirname(page), path)), anchor };
}

describe('the pages', () => {
  it('lead nowhere that there is nothing', () => {
    const broken = PAGES.flatMap((page) =>
      linksIn(page)
        .filter((link) => {
          const { path, anchor } = targetOf(page, link);
          if (!existsSync(join(ROOT, path))) return true;
          return anchor !== '' && path.endsWith('.md') && !anchorsIn(path).includes(anchor);
        })
        .map((link) => `${page}: ${link}`),
    );
    expect(broken).toEqual([]);
  });

  it('are all in an index', () => {
    const linked = ['docs/README.md', 'docs/decisions/README.md'].flatMap((index) =>
      linksIn(index).map((link) => targetOf(index, link).path),
    );
    const pages = PAGES.filter((page) => page.startsWith('docs/') && page !== 'docs/README.md');
    expect(pages.filter((page) => !linked.includes(relative('.', page)))).toEqual([]);
  });
});
