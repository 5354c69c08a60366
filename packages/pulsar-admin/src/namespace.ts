import { isDeepStrictEqual } from 'node:util';
import type { TopicSpec } from '@genfleet/bus';
import { GenfleetError } from '@genfleet/job';
import type { PulsarAddress } from './address.ts';
import { type Answer, type Rest, reasonOf } from './rest.ts';

/** −1 stands for ever, and for any size. */
interface Retention {
  readonly retentionTimeInMinutes: number;
  readonly retentionSizeInMB: number;
}

const FOR_EVER: Retention = { retentionTimeInMinutes: -1, retentionSizeInMB: -1 };
const MINUTE_MS = 60_000;

/** By time alone; Pulsar counts in minutes, so it is rounded up. */
export function retentionOf(retentionMs: number): Retention {
  if (retentionMs === Number.POSITIVE_INFINITY) return FOR_EVER;
  if (retentionMs <= 0) return { retentionTimeInMinutes: 0, retentionSizeInMB: 0 };
  return { retentionTimeInMinutes: Math.ceil(retentionMs / MINUTE_MS), retentionSizeInMB: -1 };
}

const isRetention = (body: unknown): body is Retention =>
  typeof body === 'object' && body !== null && 'retentionTimeInMinutes' in body;

/** As the registry answers. */
const isSchema = (body: unknown): body is { readonly data: string } =>
  typeof body === 'object' && body !== null && 'data' in body && typeof body.data === 'string';

function isSameJson(a: string, b: string): boolean {
  try {
    return isDeepStrictEqual(JSON.parse(a), JSON.parse(b));
  } catch {
    return false;
  }
}

const same = (a: Retention | undefined, b: Retention) =>
  a?.retentionTimeInMinutes === b.retentionTimeInMinutes && a.retentionSizeInMB === b.retentionSizeInMB;

/** Whether what `a` keeps is at least what `b` keeps. */
function keepsAsMuch(a: Retention | undefined, b: Retention): boolean {
  if (!a) return b.retentionTimeInMinutes === 0;
  const reaches = (has: number, wanted: number) => has === -1 || (wanted !== -1 && has >= wanted);
  return (
    reaches(a.retentionTimeInMinutes, b.retentionTimeInMinutes) &&
    reaches(a.retentionSizeInMB, b.retentionSizeInMB)
  );
}

/** @throws GenfleetError `bus_unavailable` unless the answer is a success or "is already there". */
function expectDone(what: string, answer: Answer): void {
  if (answer.status < 300 || answer.status === 409) return;
  throw new GenfleetError('bus_unavailable', `could not ${what}: ${reasonOf(answer)}`, { retryable: false });
}

/** Creates what is missing in one namespace, and the namespace and its tenant first. */
export class NamespaceSetup {
  readonly #rest: Rest;
  readonly #tenant: string;
  readonly #namespace: string;

  constructor(rest: Rest, address: PulsarAddress) {
    this.#rest = rest;
    this.#tenant = address.tenant;
    this.#namespace = `${address.tenant}/${address.namespace}`;
  }

  /** Idempotent, and safe when several do it at once. */
  async ensure(specs: readonly TopicSpec[]): Promise<void> {
    await this.#ensureNamespace();
    const kept = await this.#ensureRetention(specs);
    await this.#keepIdleTopics();
    for (const spec of specs) await this.#ensureTopic(spec, kept);
  }

  async #ensureNamespace(): Promise<void> {
    const found = await this.#rest.callPatiently({
      method: 'GET',
      path: `namespaces/${this.#namespace}/retention`,
    });
    if (found.status !== 404) return;
    const clusters = await this.#rest.callPatiently({ method: 'GET', path: 'clusters' });
    const allowedClusters = Array.isArray(clusters.body)
      ? clusters.body.filter((name) => name !== 'global')
      : [];
    const tenant = { adminRoles: [], allowedClusters };
    await this.#put(`create the tenant ${this.#tenant}`, `tenants/${this.#tenant}`, tenant);
    await this.#put(`create the namespace ${this.#namespace}`, `namespaces/${this.#namespace}`, {});
  }

  /** The namespace keeps as long as the topic that is kept longest; it is never made to keep less. */
  async #ensureRetention(specs: readonly TopicSpec[]): Promise<Retention | undefined> {
    const path = `namespaces/${this.#namespace}/retention`;
    const { body } = await this.#rest.callPatiently({ method: 'GET', path });
    const current = isRetention(body) ? body : undefined;
    const longest = retentionOf(Math.max(0, ...specs.map((spec) => spec.retentionMs)));
    if (keepsAsMuch(current, longest)) return current;
    expectDone('set the retention', await this.#rest.callPatiently({ method: 'POST', path, body: longest }));
    return longest;
  }

  /** Without this a topic that has no subscription is deleted after a minute without traffic. */
  async #keepIdleTopics(): Promise<void> {
    const path = `namespaces/${this.#namespace}/inactiveTopicPolicies`;
    const { body } = await this.#rest.callPatiently({ method: 'GET', path });
    if (
      typeof body === 'object' &&
      body !== null &&
      'deleteWhileInactive' in body &&
      !body.deleteWhileInactive
    ) {
      return;
    }
    const policy = {
      inactiveTopicDeleteMode: 'delete_when_no_subscriptions',
      maxInactiveDurationSeconds: 60,
      deleteWhileInactive: false,
    };
    const done = await this.#rest.callPatiently({ method: 'POST', path, body: policy });
    expectDone('keep topics without subscriptions', done);
  }

  async #ensureTopic(spec: TopicSpec, kept: Retention | undefined): Promise<void> {
    const { name, persistent } = spec.topic;
    const path = `${persistent ? 'persistent' : 'non-persistent'}/${this.#namespace}/${name}`;
    await this.#put(`create the topic ${name}`, path);
    for (const subscription of spec.subscriptions) {
      const at = `${path}/subscription/${encodeURIComponent(subscription)}`;
      await this.#put(`create the subscription ${subscription} of ${name}`, at, 'earliest');
    }
    if (!persistent) return;
    await this.#ensureTopicRetention(path, retentionOf(spec.retentionMs), kept);
    if (spec.schema !== undefined) await this.#ensureSchema(name, spec.schema);
  }

  /**
   * The registry keeps every version. Producers send plain text and name none, which Pulsar allows as long as
   * nobody turns on `schemaValidationEnforced`; readers then take the newest.
   */
  async #ensureSchema(name: string, schema: string): Promise<void> {
    const path = `schemas/${this.#namespace}/${name}/schema`;
    const { body } = await this.#rest.callPatiently({ method: 'GET', path });
    if (isSchema(body) && isSameJson(body.data, schema)) return;
    const wanted = { type: 'JSON', schema, properties: {} };
    const answer = await this.#rest.callPatiently({ method: 'POST', path, body: wanted });
    // 409 is no "already there" here: the registry finds that older messages could not be read by it
    if (answer.status >= 300) {
      const what = `could not register the schema of ${name}: ${reasonOf(answer)}`;
      throw new GenfleetError('bus_unavailable', what, { retryable: false });
    }
  }

  /** Only a topic that differs from its namespace has a policy of its own. */
  async #ensureTopicRetention(
    topicPath: string,
    wanted: Retention,
    kept: Retention | undefined,
  ): Promise<void> {
    const path = `${topicPath}/retention`;
    const { body } = await this.#rest.callPatiently({ method: 'GET', path });
    const own = isRetention(body) ? body : undefined;
    if (same(own ?? kept ?? retentionOf(0), wanted)) return;
    expectDone('set the retention', await this.#rest.callPatiently({ method: 'POST', path, body: wanted }));
  }

  async #put(what: string, path: string, body?: unknown): Promise<void> {
    expectDone(
      what,
      await this.#rest.callPatiently({ method: 'PUT', path, ...(body === undefined ? {} : { body }) }),
    );
  }
}
