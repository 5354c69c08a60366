/**
 * `node tools/bundle.ts`: bundles each service for its container image into dist/<service>/, one ES module and
 * its lazily loaded parts. What has native code stays outside and is installed in the image.
 */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';

const ROOT = new URL('..', import.meta.url).pathname;
export const BUNDLED_SERVICES = ['api', 'worker', 'cli', 'all-in-one'] as const;
/** Packages with native code, or that instrument others as they are loaded. */
const INSTALLED = [
  'sharp',
  'onnxruntime-node',
  'pulsar-client',
  '@opentelemetry/*',
  'import-in-the-middle',
  'esbuild',
];
/** Files that run as a thread or process of their own, found by URL from the file that starts them. */
const STARTED_BY_URL = /new URL\('\.\/([\w-]+)\.ts', import\.meta\.url\)/g;

/** Bundles one service. @returns the folder it was written to. */
export async function bundleService(
  service: (typeof BUNDLED_SERVICES)[number],
  outRoot: string,
): Promise<string> {
  const outdir = join(outRoot, service);
  await rm(outdir, { recursive: true, force: true });
  const started = new Set<string>();
  const options = {
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    outdir,
    entryNames: '[name]',
    chunkNames: '[name]-[hash]',
    sourcemap: 'linked',
    external: INSTALLED,
    // CommonJS packages inside an ES module still call require
    banner: {
      js: "import { createRequire as __cr } from 'node:module'; const require = __cr(import.meta.url);",
    },
    logLevel: 'warning',
  } as const;
  const collect: Plugin = {
    name: 'started-by-url',
    setup({ onLoad }) {
      onLoad({ filter: /\/(packages|services)\/[^/]+\/src\/.*\.ts$/ }, async ({ path }) => {
        const source = await readFile(path, 'utf8');
        const contents = source.replace(STARTED_BY_URL, (_, name: string) => {
          started.add(join(path, '..', `${name}.ts`));
          return `new URL('./${name}.js', import.meta.url)`;
        });
        return { contents, loader: 'ts' };
      });
    },
  };
  await build({
    ...options,
    entryPoints: [join(ROOT, 'services', service, 'src/main.ts')],
    plugins: [collect],
  });
  if (started.size > 0) await build({ ...options, entryPoints: [...started], plugins: [collect] });
  return outdir;
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  for (const service of BUNDLED_SERVICES) console.log(await bundleService(service, join(ROOT, 'dist')));
}
