/** Rules between the settings of one pool. What stands in fields of HTTP can not break out of them. */
import type { Conflict } from '../../core/config/index.ts';
import { TOKEN } from '../../core/wire/index.ts';
import { discoveryConflicts, serverConflicts } from '../discovery/discovery-rules.ts';
import { healthConflicts } from '../probes/check-rules.ts';
import { isHostField } from '../routes/host-name.ts';
import type { PoolSettings } from './config.ts';
import { consistsOf } from './words.ts';

/** Statuses that a client may be spared, RFC 9110 section 15. */
const RETRIED_MIN = 400;
const RETRIED_MAX = 599;

export function poolConflicts(pool: PoolSettings): Conflict[] {
  const { name, hashOn, hashName, persistence, retries, breaker, outliers, upstream } = pool;
  const at = `pools.${name}`;
  const found = [
    ...serverConflicts(at, pool.servers),
    ...discoveryConflicts(at, pool.discovery),
    ...healthConflicts(at, pool.health),
  ];
  const wrong = (key: string, says: string): void => {
    found.push({ key: `${at}.${key}`, says });
  };
  const isNamed = hashOn === 'header' || hashOn === 'cookie';
  if (hashOn !== 'source' && hashOn !== 'path' && hashName === undefined) {
    wrong('hash_name', `is needed with hash_on ${hashOn}`);
  } else if (isNamed && hashName !== undefined && !consistsOf(hashName, TOKEN)) {
    wrong('hash_name', `is ${JSON.stringify(hashName)}, which is no name of a ${hashOn}`);
  }
  if (pool.boundFactor !== 0 && pool.boundFactor < 1) {
    wrong('bound_factor', `is ${pool.boundFactor}, wanted 0 or a number from 1 to 100`);
  }
  const { by, name: known, signed } = persistence;
  if (signed && by !== 'cookie') wrong('persistence.signed', 'is for by: cookie');
  if (by !== 'none' && by !== 'source' && !consistsOf(known, TOKEN)) {
    const what = by === 'header' ? 'header' : 'cookie';
    wrong('persistence.name', `is ${JSON.stringify(known)}, which is no name of a ${what}`);
  }
  for (const status of retries.statuses) {
    if (status >= RETRIED_MIN && status <= RETRIED_MAX) continue;
    wrong('retries.statuses', `has ${status}, wanted statuses from ${RETRIED_MIN} to 599`);
  }
  if (breaker.share === 0)
    wrong('breaker.share', 'is 0, wanted a number above 0: it would never close');
  if (outliers.ejectMaxMs < outliers.ejectMs) {
    wrong('outliers.eject_max', 'is less than eject, the time of the first ejection');
  }
  if (upstream.host !== undefined && !isHostField(upstream.host)) {
    wrong('upstream.host', 'is no host with an optional port');
  }
  if ((upstream.tlsCert === undefined) !== (upstream.tlsKey === undefined)) {
    wrong('upstream.tls_cert', 'and tls_key need each other');
  }
  return found;
}
