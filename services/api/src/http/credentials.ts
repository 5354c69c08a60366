import type { IncomingHttpHeaders } from 'node:http';
import type { Credentials } from '@genfleet/auth';

const BEARER = /^Bearer +(\S+) *$/i;

/**
 * What the caller shows. `PRIVATE-TOKEN` goes first: OpenAI's clients send an `Authorization` with any key they were
 * given, while nobody sends the other without meaning it.
 */
export function credentialsOf(headers: IncomingHttpHeaders): Credentials | undefined {
  const privateToken = headers['private-token'];
  if (typeof privateToken === 'string' && privateToken !== '')
    return { form: 'private-token', token: privateToken };
  const token = BEARER.exec(headers.authorization ?? '')?.[1];
  return token === undefined ? undefined : { form: 'bearer', token };
}
