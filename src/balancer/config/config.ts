/**
 * The settings of the balancer: listeners accept, routes decide, pools have servers.
 *
 * Everything is live but what a socket is made of.
 */
import { flag, path, section, text, type ValuesOf } from '../../core/config/index.ts';
import { configConflicts } from './conflicts.ts';
import { listeners } from './listeners.ts';
import { pools } from './pools.ts';
import { routes } from './routes.ts';
import { reloadable } from './words.ts';

export type { ListenerSettings } from './listeners.ts';
export type { PoolSettings, ServerSettings } from './pools.ts';
export type { RouteSettings } from './routes.ts';

const fields = {
  enabled: flag({ default: true, about: 'Whether the balancer runs in this process.' }),
  via: text({ default: 'plinth', about: 'Name in the Via field; empty for none.', reloadable }),
  xForwarded: flag({
    default: true,
    about: 'Send X-Forwarded-For, -Proto, -Host and -Port.',
    reloadable,
  }),
  forwarded: flag({
    default: false,
    about: 'Send Forwarded (RFC 7239).',
    reloadable,
  }),
  requestId: flag({
    default: true,
    about: 'Send X-Request-ID, made when it is not trusted.',
    reloadable,
  }),
  traceparent: flag({ default: true, about: 'Send traceparent (W3C).', reloadable }),
  accessLog: path({
    default: undefined,
    about: 'File of the access log, JSON lines; `-` for standard output.',
    reloadable,
  }),
  listeners,
  pools,
  routes,
} as const;

export type BalancerSettings = ValuesOf<typeof fields>;

export const balancerConfig = section(
  'balancer',
  'The load balancer: TCP, UDP and HTTP.',
  fields,
  configConflicts,
);
