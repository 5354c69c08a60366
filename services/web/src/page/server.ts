import { ApiError, createClient, type Model } from '@genfleet/client';
import { signal } from '@preact/signals';

/** The API that served this page. */
export const client = createClient();

/** Whether the server answered last time it was asked. */
export const isOnline = signal(true);
export const models = signal<readonly Model[]>([]);

/** The server could not be reached or is not able to answer now; asking again may help. */
export function isOutage(error: unknown): boolean {
  return error instanceof ApiError ? error.status >= 500 : error instanceof TypeError;
}

/** What went wrong, for people. */
export function messageOf(error: unknown): string {
  if (error instanceof ApiError) {
    const again =
      error.retryAfterSeconds === undefined ? '' : ` Try again in ${Math.ceil(error.retryAfterSeconds)} s.`;
    return `${error.message}${again}`;
  }
  if (error instanceof TypeError) return 'The server does not answer.';
  return error instanceof Error ? error.message : String(error);
}

export async function readModels(): Promise<readonly Model[]> {
  models.value = await client.models();
  return models.value;
}
