import type { RedisConnection } from '@genfleet/redis-connection';
import { type AnswerCache, keptMs, toAnswer } from './answer-cache.ts';
import type { GitlabAnswer } from './ask-gitlab.ts';

const PREFIX = 'genfleet:auth:';

/**
 * Answers in Redis, for all replicas. What this replica put is kept in its memory too, and found there while Redis
 * is away; Redis itself forgets an answer when its time is over.
 */
export class RedisCache implements AnswerCache {
  readonly #redis: RedisConnection;
  readonly #memory: AnswerCache;

  constructor(redis: RedisConnection, memory: AnswerCache) {
    this.#redis = redis;
    this.#memory = memory;
  }

  async get(key: string): Promise<GitlabAnswer | undefined> {
    const found = await this.#redis.run((client) => client.get(PREFIX + key));
    return found.ok ? toAnswer(found.value) : this.#memory.get(key);
  }

  async put(key: string, answer: GitlabAnswer): Promise<void> {
    const expiration = { type: 'PX', value: keptMs(answer) } as const;
    await this.#memory.put(key, answer);
    await this.#redis.run((client) => client.set(PREFIX + key, answer, { expiration }));
  }

  async close(): Promise<void> {
    await this.#redis.close();
    await this.#memory.close();
  }
}
