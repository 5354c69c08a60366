import type { Image, NewImage } from '@genfleet/client';
import { priorityOf } from './draft.ts';

/** Where the command takes a token from; it is never written into it. */
const TOKEN_VARIABLE = 'GENFLEET_TOKEN';

/** A POST as a command that any POSIX shell takes as it stands, whatever is in its texts. */
export function curlOf(url: string, body: object, isTokenAsked: boolean): string {
  return [
    `curl -N ${quoted(url)}`,
    ...(isTokenAsked ? [`-H "Authorization: Bearer $${TOKEN_VARIABLE}"`] : []),
    "-H 'Content-Type: application/json'",
    `-d ${quoted(JSON.stringify(body, null, 2))}`,
  ].join(' \\\n  ');
}

function quoted(text: string): string {
  return /^[\w:/.-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** The request that makes the same picture again, seed and all. */
export function sameAgain(image: Pick<Image, 'generation_settings' | 'metadata' | 'priority'>): NewImage {
  const { generation_settings, metadata, priority } = image;
  return {
    generation_settings,
    ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
    ...priorityOf(priority),
  };
}
