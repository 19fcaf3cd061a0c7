/** The pools of a PoP: origins, shields, and all PoPs for their health. */
import {
  type PoolSettings,
  poolRecords,
  type ServerSettings,
  serverRecords,
} from '../../balancer/config/index.ts';
import { recordDefaults } from '../../core/config/index.ts';
import type { BusTlsSettings } from '../bus/index.ts';
import { type PopSettings, reachedAt, sourceOf } from '../pop-fields.ts';
import type { SiteSettings } from '../site-fields.ts';
import { HEALTH_PATH, originPool, POPS_POOL, TIER_POOL } from './names.ts';

/** Of PoPs: how often one is looked at, how long it may take to answer, and how many bad looks it takes. */
const CHECK_MS = 1000;
const ANSWER_MS = 2000;
const FALL = 3;

export function originPoolOf({ name, origin }: SiteSettings, own: PopSettings): PoolSettings {
  const pool = recordDefaults(poolRecords, originPool(name));
  const { tls, tlsVerify, tlsName, tlsCa, connectionsMax, check, checkPath: path } = origin;
  const host = origin.host ?? pool.health.host;
  return {
    ...pool,
    servers: origin.servers.map(({ name: server, address, weight, priority }) => ({
      ...recordDefaults(serverRecords, server),
      ...{ address, weight, priority },
    })),
    health: { ...pool.health, check, path, host },
    upstream: {
      ...pool.upstream,
      ...{ tls, tlsVerify, tlsName, tlsCa, connectionsMax },
      source: sourceOf(own),
    },
  };
}

/** Shields by the path that is asked for, so that each has its part; this PoP itself when none is well. */
export function tierPoolOf(
  pops: readonly PopSettings[],
  own: PopSettings,
  tierTls: BusTlsSettings,
): PoolSettings {
  const pool = recordDefaults(poolRecords, TIER_POOL);
  const shields = pops.filter(({ shield, name }) => shield && name !== own.name);
  return {
    ...watched(pool, [
      ...shields.map((pop) => serverOf(pop, 0)),
      ...[serverOf(own, 1)].filter((each) => each !== undefined),
    ]),
    policy: 'maglev',
    hashOn: 'path',
    // A shield that fails is left at once: each request may be tried at two of them and here.
    retries: { ...pool.retries, attempts: 3 },
    panicShare: 0,
    upstream: betweenPops(pool, own, tierTls),
  };
}

/** Watched for DNS, by every PoP for itself. */
export function popsPoolOf(
  pops: readonly PopSettings[],
  own: PopSettings,
  tierTls: BusTlsSettings,
): PoolSettings {
  const pool = recordDefaults(poolRecords, POPS_POOL);
  return {
    ...watched(
      pool,
      pops.map((pop) => serverOf(pop, 0)),
    ),
    panicShare: 0,
    upstream: betweenPops(pool, own, tierTls),
  };
}

function betweenPops(
  { upstream }: PoolSettings,
  own: PopSettings,
  { certFile, caFile }: BusTlsSettings,
): PoolSettings['upstream'] {
  return { ...upstream, source: sourceOf(own), tls: certFile !== undefined, tlsCa: caFile };
}

function watched(
  pool: PoolSettings,
  servers: readonly (ServerSettings | undefined)[],
): PoolSettings {
  return {
    ...pool,
    servers: servers.filter((server) => server !== undefined),
    health: {
      ...pool.health,
      ...{ check: 'http', path: HEALTH_PATH, intervalMs: CHECK_MS, timeoutMs: ANSWER_MS },
      ...{ rise: 1, fall: FALL },
    },
  };
}

function serverOf(pop: PopSettings, priority: number): ServerSettings | undefined {
  const address = reachedAt(pop, pop.tierPort);
  if (address === undefined) return undefined;
  return { ...recordDefaults(serverRecords, pop.name), address, priority };
}
