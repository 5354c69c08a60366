import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** When the process started, so that a later one with the same number is not taken for it; '' if it is gone. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // the name in parentheses may hold spaces; the start time is the 20th word after it
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

/** Says that this process uses what the directory stands for, until it ends. */
export function takeLease(directory: string, pid: number): void {
  mkdirSync(directory, { recursive: true });
  const file = join(directory, String(pid));
  // whole or not at all: a lease that is empty for a moment would be taken for a dead one
  const staged = `${directory}.${pid}`;
  writeFileSync(staged, startOf(pid));
  renameSync(staged, file);
}

/** Whether a process that took a lease still lives; leases of dead ones are removed. */
export function isLeased(directory: string): boolean {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch {
    return false;
  }
  return names.filter((name) => isHeld(directory, name)).length > 0;
}

function isHeld(directory: string, name: string): boolean {
  const file = join(directory, name);
  try {
    const start = startOf(Number(name));
    if (start !== '' && start === readFileSync(file, 'utf8')) return true;
  } catch {
    // taken away by another one that looked
  }
  rmSync(file, { force: true });
  return false;
}
