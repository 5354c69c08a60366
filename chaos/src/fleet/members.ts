import type { Backing } from './backing.ts';
import { Member, type ServiceName } from './member.ts';

/** Both protocols in every service that there is more than one of. */
const ROSTER = [
  ['api-1', 'api', 'ws'],
  ['api-2', 'api', 'native'],
  ['worker-1', 'worker', 'ws'],
  ['worker-2', 'worker', 'native'],
  ['worker-3', 'worker', 'ws'],
  ['recorder-1', 'recorder', 'native'],
] as const satisfies readonly (readonly [string, ServiceName, 'native' | 'ws'])[];

/** Shorter than a user's, so that what is waited for comes within an experiment. */
const IMPATIENT = {
  RETRY_BACKOFF_MS: '200,500,1000',
  ENGINE_IDLE_TIMEOUT_MS: '3000',
  DRAIN_GRACE_MS: '3000',
  ARCHIVE_INTERVAL_SECONDS: '2',
};

interface MemberNeeds {
  readonly backing: Backing;
  readonly engineUrl: string;
  /** Where the APIs listen, also after a restart. */
  readonly apiPorts: readonly number[];
  /** Folder for their state. */
  readonly folder: string;
  readonly logs: string;
  readonly mutant?: string | undefined;
}

/** The processes of a fleet, none of which runs yet. */
export async function membersOf(needs: MemberNeeds): Promise<Record<ServiceName, readonly Member[]>> {
  const { backing, engineUrl, folder, logs, mutant } = needs;
  const ports = needs.apiPorts.values();
  const particular = (service: ServiceName): Record<string, string> => {
    switch (service) {
      case 'api':
        return { ...backing.apiEnv, PORT: String(ports.next().value) };
      case 'worker':
        return { ENGINE_URL: engineUrl, WORKER_PORT: '0' };
      case 'recorder':
        return { RECORDER_PORT: '0' };
    }
  };
  const members: Record<ServiceName, Member[]> = { api: [], worker: [], recorder: [] };
  for (const [name, service, speaks] of ROSTER) {
    const common = { ...IMPATIENT, ...(await backing.envOf(name, speaks)), DATA_DIR: `${folder}/${name}` };
    const env = { ...common, ...particular(service) };
    members[service].push(new Member({ name, service, env, logs, mutant }));
  }
  return members;
}
