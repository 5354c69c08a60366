import type { ZodOpenApiPathItemObject, ZodOpenApiPathsObject } from 'zod-openapi';

/** Chapters of the document, each with how its paths begin; the first that fits counts. */
const CHAPTERS = [
  { name: 'Images', description: 'Image jobs', begins: ['/images', '/v1/images'] },
  {
    name: 'Completions',
    description: 'Text and code, as OpenAI’s API',
    begins: ['/v1/completions', '/v1/chat', '/v1/engines'],
  },
  { name: 'Models', description: 'What workers can run', begins: ['/models', '/v1/models'] },
  { name: 'Dead letters', description: 'Jobs that used up their attempts', begins: ['/dead-letters'] },
  {
    name: 'Ledger',
    description: 'Every job of every kind, its history, and SQL',
    begins: ['/jobs', '/ledger'],
  },
  { name: 'Service', description: 'The service itself', begins: ['/health'] },
] as const;

/** For the document's head, in the order in which they are shown. */
export const TAGS = CHAPTERS.map(({ name, description }) => ({ name, description }));

/** The paths, each operation in its chapter. @throws TypeError for a path that belongs to none. */
export function inChapters(paths: ZodOpenApiPathsObject): ZodOpenApiPathsObject {
  const items = Object.entries(paths).map(([path, item]) => {
    const chapter = CHAPTERS.find(({ begins }) => begins.some((begin) => path.startsWith(begin)));
    if (!chapter) throw new TypeError(`${path} is in no chapter of the document`);
    const operations = Object.entries(item).map(([method, operation]) => [
      method,
      { tags: [chapter.name], ...operation },
    ]);
    return [path, Object.fromEntries(operations) as ZodOpenApiPathItemObject];
  });
  return Object.fromEntries(items) as ZodOpenApiPathsObject;
}
