/**
 * `node tools/bundle.ts [service …]`: bundles services for their container images into dist/<service>/: one ES
 * module, its lazily loaded parts, and a package.json with what has to be installed beside them because it has
 * native code, is found by name at run time, or must be loaded as a package to be traced.
 */

import { globSync } from 'node:fs';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';
import { buildWeb } from '../services/web/src/build.ts';

const ROOT = new URL('..', import.meta.url).pathname;
const SERVICES = ['api', 'worker', 'recorder', 'cli'] as const;
type Service = (typeof SERVICES)[number];

const INSTALLED = [
  '@duckdb/*',
  'sharp',
  'onnxruntime-node',
  'pulsar-client',
  '@opentelemetry/auto-instrumentations-node',
  '@opentelemetry/core',
  '@opentelemetry/exporter-*',
  '@opentelemetry/sdk-*',
  'import-in-the-middle',
  'esbuild',
];
/**
 * What the tracing packages are given as their peer. A bundle holds a copy of its own, which they find by a global symbol:
 * from its folder of many files it would cost a process that traces nothing 8 MB.
 */
const TRACING_API = '@opentelemetry/api';
/** Found at run time by the name of the package, where no import shows it. */
const FOUND_BY_NAME: Readonly<Record<Service, readonly string[]>> = {
  api: ['swagger-ui-dist', TRACING_API],
  worker: [TRACING_API],
  recorder: [TRACING_API],
  cli: [TRACING_API],
};
/** Single files that a service finds by a name of its own (`imports` of its package.json), copied beside the bundle. */
const COPIED: Readonly<Partial<Record<Service, Readonly<Record<string, string>>>>> = {
  api: { '#redoc': 'redoc/bundles/redoc.standalone.js' },
};
/** Files that run as a thread or process of their own, found by URL from the file that starts them. */
const STARTED_BY_URL = /new URL\('\.\/([\w-]+)\.ts', import\.meta\.url\)/g;

/** Bundles one service into `<outRoot>/<service>`. @returns that folder. */
export async function bundleService(service: Service, outRoot: string): Promise<string> {
  const outdir = join(outRoot, service);
  await rm(outdir, { recursive: true, force: true });
  const started = new Set<string>();
  const bundle = async (entryPoints: string[]): Promise<Metafile> => {
    const { metafile } = await build({
      entryPoints,
      outdir,
      bundle: true,
      splitting: true,
      metafile: true,
      format: 'esm',
      platform: 'node',
      target: 'node24',
      entryNames: '[name]',
      chunkNames: '[name]-[hash]',
      external: INSTALLED,
      // CommonJS packages inside an ES module still call require
      banner: {
        js: "import { createRequire as __cr } from 'node:module'; const require = __cr(import.meta.url);",
      },
      plugins: [rememberStarted(started), oneLanguage],
      logLevel: 'error',
    });
    return metafile;
  };
  const main = await bundle([
    join(ROOT, 'services', service, 'src/main.ts'),
    join(ROOT, 'packages/telemetry/src/register.ts'),
  ]);
  if (service === 'api') await cp(await buildWeb(), join(outdir, 'web'), { recursive: true });
  const metafiles = [main];
  // a process may start threads of its own; bundled once more together, they share their chunks
  for (let known = 0; known < started.size; ) {
    known = started.size;
    metafiles.push(await bundle([...started]));
  }
  const imports = await copyFiles(service, outdir);
  const names = [...new Set([...metafiles.flatMap(externalPackages), ...FOUND_BY_NAME[service]])].sort();
  await writeFile(
    join(outdir, 'package.json'),
    `${JSON.stringify({ ...(await manifest(service, names)), imports }, null, 2)}\n`,
  );
  return outdir;
}

async function copyFiles(service: Service, outdir: string): Promise<Record<string, string>> {
  const { resolve: find } = createRequire(join(ROOT, 'services', service, 'package.json'));
  const imports: Record<string, string> = {};
  for (const [name, file] of Object.entries(COPIED[service] ?? {})) {
    await cp(find(file), join(outdir, basename(file)));
    imports[name] = `./${basename(file)}`;
  }
  return imports;
}

function rememberStarted(started: Set<string>): Plugin {
  return {
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
}

/** Zod comes with its messages in fifty languages, which every process would read into memory to speak one. */
const oneLanguage: Plugin = {
  name: 'one-language',
  setup({ onLoad }) {
    onLoad({ filter: /\/zod\/v4\/locales\/index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js';",
      loader: 'js',
    }));
  },
};

function externalPackages(metafile: Metafile): string[] {
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports);
  const paths = imports
    .filter(({ external, path }) => external && !path.startsWith('node:'))
    .map(({ path }) => path);
  return paths
    .filter((path) => INSTALLED.some((name) => path.startsWith(name.replace('*', ''))))
    .map(packageOf);
}

/** `@scope/name/deep` belongs to `@scope/name`. */
function packageOf(path: string): string {
  return path
    .split('/')
    .slice(0, path.startsWith('@') ? 2 : 1)
    .join('/');
}

/** The versions that the workspace itself uses. */
async function manifest(service: Service, names: readonly string[]) {
  const versions = new Map<string, string>();
  for (const file of globSync('{packages,services}/*/package.json', { cwd: ROOT })) {
    const { dependencies, optionalDependencies } = JSON.parse(
      await readFile(join(ROOT, file), 'utf8'),
    ) as Record<'dependencies' | 'optionalDependencies', Record<string, string> | undefined>;
    for (const [name, version] of Object.entries({ ...dependencies, ...optionalDependencies }))
      versions.set(name, version);
  }
  const dependencies = Object.fromEntries(
    names.map((name) => {
      const version = versions.get(name);
      if (version === undefined)
        throw new Error(`no package.json of the workspace says which version of ${name}`);
      return [name, version];
    }),
  );
  return { name: `genfleet-${service}`, private: true, type: 'module', dependencies };
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const asked = process.argv.slice(2);
  const services = SERVICES.filter((service) => asked.length === 0 || asked.includes(service));
  for (const service of services) console.log(await bundleService(service, join(ROOT, 'dist')));
}
