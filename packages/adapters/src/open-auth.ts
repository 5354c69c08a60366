import type { Authenticator, RateLimiter } from '@genfleet/auth';
import type { Config } from '@genfleet/config';

type Warn = (message: string) => void;

/**
 * Whoever `AUTH` names to decide who may call; undefined lets everybody pass. What it asks may be away: that is told
 * to `warn`, once.
 */
export async function openAuthenticator(config: Config, warn: Warn): Promise<Authenticator | undefined> {
  const { AUTH, BYPASS_EXTERNAL_AUTH, GITLAB_API_URL, USE_LOCAL_CACHE, REDIS_URL } = config;
  if (AUTH === 'none' || BYPASS_EXTERNAL_AUTH) return undefined;
  return (await import('@genfleet/auth-gitlab')).openGitlabAuthenticator({
    apiUrl: GITLAB_API_URL,
    // how long an answer is kept does not depend on what somebody sets the clock to
    now: () => performance.now(),
    warn,
    ...(USE_LOCAL_CACHE || REDIS_URL === undefined ? {} : { redisUrl: REDIS_URL }),
  });
}

/** The limit of `RATE_LIMIT_PER_MINUTE`, if there is one, counted in Redis where there is one. */
export async function openRateLimiter(config: Config, warn: Warn): Promise<RateLimiter | undefined> {
  const { RATE_LIMIT_PER_MINUTE: perMinute, REDIS_URL } = config;
  if (perMinute === 0) return undefined;
  return (await import('@genfleet/auth-rate-limit')).openRateLimiter({
    perMinute,
    warn,
    ...(REDIS_URL === undefined ? {} : { redisUrl: REDIS_URL }),
  });
}
