import type { Span } from '@opentelemetry/api';

/**
 * Names the span of an answered request `{method} {http.route}`, as OpenTelemetry's semantic conventions for HTTP have it:
 * the pattern of the route, never the path. Express leaves the route that it chose on the request, so it need not be
 * patched for this, which it can't be where it is part of a bundle. What was asked of others, or met no route, stays as it is.
 */
export function nameByRoute(span: Span, request: object): void {
  if (!('route' in request && 'method' in request)) return;
  const { route, method } = request;
  if (typeof route !== 'object' || route === null || !('path' in route)) return;
  if (typeof route.path !== 'string') return;
  span.setAttribute('http.route', route.path).updateName(`${String(method)} ${route.path}`);
}
