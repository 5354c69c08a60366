import type { Fleet } from '../fleet/fleet.ts';
import type { Member } from '../fleet/member.ts';
import { POINTS, type Point } from '../inside/points.ts';
import { within } from '../within.ts';

/** The first of those that pass this point. */
export function memberAt(point: Point, { apis, workers, recorder }: Fleet): Member {
  const [service] = POINTS[point].split(':');
  const [member] = service === 'API' ? apis : service === 'worker' ? workers : [recorder];
  if (!member) throw new TypeError('the fleet has a member of every service');
  return member;
}

const REACHED_MS = 30_000;

/** The first of them that comes past the point with this, held there, and what it was about; the others are let go. */
export async function holdOneAt(
  point: Point,
  members: readonly Member[],
  of = '',
): Promise<{ readonly member: Member; readonly text: string }> {
  const held = members.map(async (member) => ({ member, text: await member.hold(point, of) }));
  const first = await within(REACHED_MS, `a process to pass ${point}`, Promise.race(held));
  for (const other of members) {
    if (other === first.member) continue;
    other.order({ do: 'disarm' });
    other.order({ do: 'go on' });
  }
  return first;
}
