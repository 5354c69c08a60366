import { GenfleetError } from '@genfleet/job';

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file is larger than this process may write',
  EROFS: 'the file system is read-only',
  EACCES: 'no permission',
  EPERM: 'no permission',
  ENOENT: 'the folder is gone',
  EIO: 'the disk reports an error',
};

export const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code ?? '';

export function notFound(key: string): GenfleetError {
  return new GenfleetError('artifact_not_found', `no artifact ${key}`);
}

/** The port's error with the reason in words, and the system's as cause. */
export function failed(what: string, error: unknown): GenfleetError {
  if (error instanceof GenfleetError) return error;
  const reason = REASONS[codeOf(error)] ?? String(error);
  return new GenfleetError('artifacts_failed', `${what}: ${reason}`, { cause: error });
}
