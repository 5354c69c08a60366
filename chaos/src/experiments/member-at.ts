import type { Fleet } from '../fleet/fleet.ts';
import type { Member } from '../fleet/member.ts';
import { POINTS, type Point } from '../inside/points.ts';

/** The first of those that pass this point. */
export function memberAt(point: Point, { apis, workers, recorder }: Fleet): Member {
  const [service] = POINTS[point].split(':');
  const [member] = service === 'API' ? apis : service === 'worker' ? workers : [recorder];
  if (!member) throw new TypeError('the fleet has a member of every service');
  return member;
}
