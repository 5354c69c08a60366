import { createHash } from 'node:crypto';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

const PACKAGE = fileURLToPath(new URL('..', import.meta.url));
const PAGE = join(PACKAGE, 'src/page');
const DIST = join(PACKAGE, 'dist');
/** What the page's style sheet and script are written for; older browsers are not served. */
const BROWSERS = ['chrome123', 'firefox128', 'safari17.5'];
/** Builds of other states of the source that are kept: a server that runs may still read from one. */
const BUILDS_KEPT = 4;

/**
 * The folder with the built page, ready to be served as it is: `index.html`, `favicon.svg`, and under `assets/`
 * files that never change under their name, each also compressed, with `.gz` behind it. Built in a fraction of a
 * second when the source has changed since the last time, else found. Several processes may call it at once.
 */
export async function buildWeb(): Promise<string> {
  const dist = join(DIST, await hashOfSource());
  if (await exists(dist)) return dist;
  await mkdir(DIST, { recursive: true });
  const draft = await mkdtemp(join(DIST, '.draft-'));
  try {
    await buildInto(draft);
    // a temporary folder is its maker's alone; an image may serve the page as somebody else
    await chmod(draft, 0o755);
    await rename(draft, dist);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    // another process was first with the same build
    if (!(await exists(dist))) throw error;
  }
  await removeOldBuilds(basename(dist));
  return dist;
}

async function buildInto(folder: string): Promise<void> {
  // a compiler has no place in the memory of a server whose page is built already
  const { build } = await import('esbuild');
  const { metafile } = await build({
    entryPoints: [join(PAGE, 'main.tsx'), join(PAGE, 'page.css')],
    outdir: join(folder, 'assets'),
    entryNames: 'page-[hash]',
    // what a view brings of its own is fetched when it is opened
    chunkNames: 'part-[hash]',
    splitting: true,
    bundle: true,
    minify: true,
    format: 'esm',
    target: BROWSERS,
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'eof',
    metafile: true,
    absWorkingDir: PACKAGE,
    logLevel: 'error',
  });
  // relative, so that the page works under a path too
  const assetOf = (path: string) => `assets/${basename(path)}`;
  const outputOf = (source: string) => {
    const found = Object.entries(metafile.outputs).find(([, { entryPoint }]) => entryPoint === source);
    if (found === undefined) throw new Error(`the build of the page has nothing of ${source}`);
    return { path: found[0], parts: found[1].imports.filter(({ kind }) => kind === 'import-statement') };
  };
  const script = outputOf('src/page/main.tsx');
  const preloads = script.parts.map(({ path }) => `<link rel="modulepreload" href="${assetOf(path)}" />`);
  const html = await readFile(join(PAGE, 'index.html'), 'utf8');
  const filled = html
    .replace('%STYLE%', assetOf(outputOf('src/page/page.css').path))
    .replace('%SCRIPT%', assetOf(script.path))
    .replace('%PRELOADS%', preloads.join('\n    '));
  await writeFile(join(folder, 'index.html'), filled);
  await cp(join(PAGE, 'favicon.svg'), join(folder, 'favicon.svg'));
  await compressIn(join(folder, 'assets'));
}

/** Once here, so that no server does it at every request. */
async function compressIn(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const compressed = await promisify(gzip)(await readFile(join(folder, name)), { level: 9 });
    await writeFile(join(folder, `${name}.gz`), compressed);
  }
}

/** Over everything a build depends on; versions of packages stand exactly in package.json. */
async function hashOfSource(): Promise<string> {
  const client = dirname(createRequire(import.meta.url).resolve('@genfleet/client'));
  const own = [fileURLToPath(import.meta.url), join(PACKAGE, 'package.json')];
  const hash = createHash('sha256');
  for (const path of [...own, ...(await filesIn(PAGE)), ...(await filesIn(client))]) {
    hash.update(`${basename(path)}\0`).update(await readFile(path));
  }
  return hash.digest('hex').slice(0, 16);
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.name.includes('.test.'));
  return files.map(({ parentPath, name }) => join(parentPath, name)).sort();
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

async function removeOldBuilds(current: string): Promise<void> {
  const names = (await readdir(DIST)).filter((name) => /^[0-9a-f]{16}$/.test(name) && name !== current);
  const aged = await Promise.all(
    names.map(async (name) => ({
      name,
      ms: (await stat(join(DIST, name)).catch(() => undefined))?.mtimeMs ?? 0,
    })),
  );
  const old = aged.sort((a, b) => b.ms - a.ms).slice(BUILDS_KEPT);
  for (const { name } of old) await rm(join(DIST, name), { recursive: true, force: true });
}
