/**
 * Guards a service on loopback against pages of the open web: a name that was rebound to 127.0.0.1 shows in
 * `Host`, a request from a foreign page shows in `Origin`.
 */
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\]|(?:[a-z0-9-]+\.)+localhost)$/i;

export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host) || host === '::1';
}

/** The name in a `Host` header without its port. */
function nameOf(hostHeader: string): string {
  return hostHeader.replace(/:\d*$/, '');
}

export interface HostCheck {
  readonly isAllowedHost: (hostHeader: string | undefined) => boolean;
  /** Whether a request that changes something may come from this origin. */
  readonly isAllowedOrigin: (origin: string | undefined, hostHeader: string | undefined) => boolean;
}

/** Bound to loopback only loopback names and the public one pass; bound wider any name does. */
export function hostCheck(boundHost: string, publicUrl: string | undefined): HostCheck {
  const isBoundToLoopback = isLoopback(boundHost);
  const published = publicUrl === undefined ? undefined : new URL(publicUrl);
  return {
    isAllowedHost: (header) =>
      !isBoundToLoopback ||
      header === undefined ||
      LOOPBACK.test(nameOf(header)) ||
      nameOf(header) === published?.hostname,
    isAllowedOrigin: (origin, header) => {
      if (origin === undefined || origin === published?.origin) return true;
      return URL.canParse(origin) && new URL(origin).host === header;
    },
  };
}
