import type { TopicSpec } from '@genfleet/bus';
import { GenfleetError, type Topic } from '@genfleet/job';
import type { PulsarAddress } from './address.ts';
import type { BrokerClock } from './broker-clock.ts';
import type { MessagePlace } from './message-id.ts';
import { NamespaceSetup } from './namespace.ts';
import { type Answer, Rest, reasonOf } from './rest.ts';

interface SubscriptionStats {
  readonly msgBacklog: number;
  readonly unackedMessages: number;
  readonly msgDelayed?: number;
  readonly consumers: readonly { readonly consumerName: string; readonly availablePermits: number }[];
}

interface InternalStats {
  readonly lastConfirmedEntry: string;
  readonly ledgers: readonly { readonly ledgerId: number; readonly entries: number }[];
}

/** What Genfleet asks of Pulsar's admin REST API. Every call is bounded in time and ends with the bus. */
export class PulsarAdmin {
  readonly #rest: Rest;
  readonly #address: PulsarAddress;
  readonly #closed = new AbortController();

  constructor(address: PulsarAddress, clock?: BrokerClock) {
    this.#address = address;
    this.#rest = new Rest(address, clock);
  }

  /** `persistent/tenant/namespace/name`, as paths have it. */
  topicPath(topic: Topic): string {
    const { tenant, namespace } = this.#address;
    return `${topic.persistent ? 'persistent' : 'non-persistent'}/${tenant}/${namespace}/${encodeURIComponent(topic.name)}`;
  }

  ensureTopics(specs: readonly TopicSpec[]): Promise<void> {
    return new NamespaceSetup(this.#rest, this.#address).ensure(specs);
  }

  /**
   * Pulsar would create a topic that someone misspelt. A topic that is not persistent may be gone after a restart
   * of its broker, so it is created again instead.
   * @throws GenfleetError `topic_not_found`, `bus_unavailable`, `bus_unauthorized`.
   */
  async requireTopic(topic: Topic): Promise<void> {
    if (topic.persistent) {
      await this.lastPlace(topic);
      return;
    }
    const answer = await this.#call('PUT', this.topicPath(topic)).catch((thrown: GenfleetError) => {
      // a token that may publish need not be allowed to create
      if (thrown.code === 'bus_unauthorized') return undefined;
      throw thrown;
    });
    if (answer && answer.status !== 409) this.#expectFound(topic, answer);
  }

  /** The last message of the topic; entry −1 when it never had one. It may be gone by retention. */
  async lastPlace(topic: Topic): Promise<MessagePlace> {
    const answer = await this.#call('GET', `${this.topicPath(topic)}/lastMessageId`);
    return placeIn(this.#expectFound(topic, answer));
  }

  /** The last message that is still there; entry −1 when there is none. Costs the broker more than `lastPlace`. */
  async lastKeptPlace(topic: Topic): Promise<MessagePlace> {
    const answer = await this.#call('GET', `${this.topicPath(topic)}/internalStats`);
    const { lastConfirmedEntry, ledgers } = this.#expectFound(topic, answer) as InternalStats;
    const [ledgerId = -1, entryId = -1] = lastConfirmedEntry.split(':').map(Number);
    if (ledgers.some((ledger) => ledger.ledgerId === ledgerId)) return { ledgerId, entryId, batchIndex: 0 };
    const kept = ledgers.findLast((ledger) => ledger.entries > 0);
    return { ledgerId: kept?.ledgerId ?? 0, entryId: (kept?.entries ?? 0) - 1, batchIndex: 0 };
  }

  /** The last message that a reader can still get, exact to its place in a batch. */
  async endOf(topic: Topic): Promise<MessagePlace | undefined> {
    const [last, kept] = await Promise.all([this.lastPlace(topic), this.lastKeptPlace(topic)]);
    if (kept.entryId < 0) return undefined;
    return last.ledgerId === kept.ledgerId && last.entryId === kept.entryId ? last : kept;
  }

  /** The first message that the broker stored at this time or later; the end of the topic when there is none. */
  async placeAt(topic: Topic, timeMs: number): Promise<MessagePlace> {
    const answer = await this.#call(
      'GET',
      `${this.topicPath(topic)}/messageid/${Math.max(0, Math.floor(timeMs))}`,
    );
    return placeIn(this.#expectFound(topic, answer));
  }

  /** @throws GenfleetError `topic_not_found`, also when it is the subscription that is not there. */
  async subscription(topic: Topic, subscription: string): Promise<SubscriptionStats> {
    const answer = await this.#call('GET', `${this.topicPath(topic)}/stats?getPreciseBacklog=true`);
    const { subscriptions } = this.#expectFound(topic, answer) as {
      subscriptions: Readonly<Record<string, SubscriptionStats>>;
    };
    const found = subscriptions[subscription];
    if (!found) {
      throw new GenfleetError(
        'topic_not_found',
        `the topic ${topic.name} has no subscription ${subscription}`,
      );
    }
    return found;
  }

  /** Rejects with the reason when the API does not answer, refuses the token or does not know the namespace. */
  async ping(timeoutMs: number): Promise<void> {
    const { tenant, namespace } = this.#address;
    const answer = await this.#call('GET', `persistent/${tenant}/${namespace}`, timeoutMs);
    if (answer.status === 404) throw this.#notSetUp(reasonOf(answer));
  }

  close(): void {
    this.#closed.abort();
  }

  #call(method: 'GET' | 'PUT', path: string, timeoutMs?: number): Promise<Answer> {
    const { signal } = this.#closed;
    return this.#rest.call({ method, path, signal, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
  }

  #notSetUp(reason: string): GenfleetError {
    const { tenant, namespace } = this.#address;
    return new GenfleetError(
      'topic_not_found',
      `${reason} (in ${tenant}/${namespace}); "genfleet setup" creates what Genfleet needs`,
    );
  }

  #expectFound(topic: Topic, answer: Answer): unknown {
    if (answer.status < 300) return answer.body;
    if (answer.status === 404) throw this.#notSetUp(reasonOf(answer));
    throw new GenfleetError(
      'bus_unavailable',
      `Pulsar refused to say about ${topic.name}: ${reasonOf(answer)}`,
    );
  }
}

function placeIn(body: unknown): MessagePlace {
  const { ledgerId, entryId, batchIndex } = body as MessagePlace;
  return { ledgerId, entryId, batchIndex: Math.max(0, batchIndex ?? 0) };
}
