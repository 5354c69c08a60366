import type { View } from '@genfleet/ledger';

interface Member {
  readonly id: string;
  readonly supersede: (byId: string) => void;
}

/**
 * Jobs of an editor's session that clients of this replica wait for. A newer job of the same session, on whichever
 * replica it was admitted, supersedes them: the person has typed on.
 */
export class Sessions {
  readonly #members = new Map<string, Set<Member>>();

  constructor(view: Pick<View, 'onChange'>, stopping: AbortSignal) {
    view.onChange(
      undefined,
      ({ event }) => {
        if (event.type !== 'requested' || event.kind !== 'completion') return;
        if (event.session_sha256 !== undefined) this.began(event.session_sha256, event.id);
      },
      stopping,
    );
  }

  /** A job of the session was admitted: the older ones are no longer wanted. Ids sort by time. */
  began(session: string, id: string): void {
    for (const member of [...(this.#members.get(session) ?? [])]) {
      if (member.id < id) member.supersede(id);
    }
  }

  /** Calls back, once or more, when the job is superseded, until the signal aborts. */
  join(session: string, member: Member, signal: AbortSignal): void {
    const members = this.#members.get(session) ?? new Set();
    this.#members.set(session, members.add(member));
    const leave = () => {
      members.delete(member);
      if (members.size === 0 && this.#members.get(session) === members) this.#members.delete(session);
    };
    signal.addEventListener('abort', leave, { once: true });
  }
}
