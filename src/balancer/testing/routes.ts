/** Routes and requests for tests and benchmarks; nothing of the program imports it. */

import { recordDefaults } from '../../core/config/index.ts';
import { HEAD_LIMITS, parseRequestHead, RequestHead } from '../../core/wire/index.ts';
import { type RouteSettings, routes } from '../config/routes.ts';

/** Settings of a route to pool `app`, besides what is given. */
export function routeSettings(name: string, more: Partial<RouteSettings> = {}): RouteSettings {
  const ends =
    more.split !== undefined || more.redirect !== undefined || more.respond !== undefined;
  return {
    ...recordDefaults(routes, name),
    pool: ends ? undefined : 'app',
    ...more,
  };
}

/** A request as the parser gives it; `lines` are further fields. */
export function requestOf(
  target: string,
  { host = 'example.com', method = 'GET', lines = [] as readonly string[] } = {},
): RequestHead {
  const all = [`${method} ${target} HTTP/1.1`, `Host: ${host}`, ...lines, '', ''];
  const bytes = Buffer.from(all.join('\r\n'), 'latin1');
  const request = new RequestHead();
  const result = parseRequestHead(request, bytes, 0, bytes.length, HEAD_LIMITS);
  if (result <= 0) throw new Error(`no request: ${method} ${target}, ${host}: ${result}`);
  return request;
}
