/**
 * The table of systems, in the order of their start. To add a system, add its row; settings, start, stop,
 * status, metrics, reload, documentation and the JSON Schema follow from it:
 *
 *     systemRow({
 *       config: kvConfig,
 *       create: createKv,
 *       tryIt: ([resp]) => [`redis-cli -p ${resp?.port} set greeting hello`],
 *     }),
 *
 * A section must have the setting `enabled`; a row whose section says `enabled: false` is not created.
 */
import { balancerConfig, createBalancer } from './balancer/index.ts';
import { cacheConfig, createCache } from './cache/index.ts';
import { createKv, kvConfig } from './kv/index.ts';
import { type AnySystemRow, systemRow } from './system-row.ts';

export const systems: readonly AnySystemRow[] = [
  systemRow({
    config: kvConfig,
    create: createKv,
    tryIt: ([resp]) => [
      `redis-cli -p ${resp?.port} set greeting hello`,
      `redis-cli -p ${resp?.port} get greeting`,
    ],
  }),
  // Before the balancer, whose routes it serves.
  systemRow({ config: cacheConfig, create: createCache, tryIt: () => [] }),
  systemRow({
    config: balancerConfig,
    create: createBalancer,
    tryIt: ([first]) =>
      first?.protocol === 'HTTP' ? [`curl -i http://${first.host}:${first.port}/`] : [],
  }),
];
