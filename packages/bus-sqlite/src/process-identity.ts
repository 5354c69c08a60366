import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

function attempt(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Two processes can look each other up if they share machine, boot and pid namespace. */
export function hostIdentity(): string {
  const boot = attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
  const namespace = attempt(() => readlinkSync('/proc/self/ns/pid'));
  return [hostname(), boot ?? '', namespace ?? ''].join('/');
}

/**
 * When the process started, in clock ticks since boot (field 22 of proc(5) stat), so that a pid that is used again
 * is not taken for the old one. Undefined when it is gone or a zombie; '' where there is no /proc to ask.
 */
export function birthOf(pid: number): string | undefined {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  if (stat !== undefined) {
    // the name in parentheses may hold anything, so count from its end
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X' ? undefined : fields[18];
  }
  if (attempt(() => readFileSync('/proc/self/stat', 'utf8')) !== undefined) return undefined;
  try {
    process.kill(pid, 0);
    return '';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH' ? undefined : '';
  }
}
