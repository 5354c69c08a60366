import { basename, dirname } from 'node:path';

/** `services/api/src/main.ts` is the service `api`; anything else is named after its file. */
export function serviceNameOf(entryFile: string | undefined): string {
  if (!entryFile) return 'genfleet';
  const service = /services\/([^/]+)\/[^/]+(?:\/[^/]+)*$/.exec(entryFile.replaceAll('\\', '/'))?.[1];
  const file = basename(entryFile).replace(/\.[cm]?[jt]s$/, '');
  return service ?? (file === 'main' || file === 'index' ? basename(dirname(entryFile)) : file);
}
