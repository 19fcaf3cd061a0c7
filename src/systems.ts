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
import { join } from 'node:path';
import {
  Balancer,
  type BalancerSettings,
  balancerConfig,
  createBalancer,
} from './balancer/index.ts';
import { Cache, cacheConfig, createCache } from './cache/index.ts';
import type { System } from './core/base/index.ts';
import type { AnySection, Conflict } from './core/config/index.ts';
import { balancerWithEdge, createEdge, edgeConfig } from './edge/index.ts';
import { createFiles, filesConfig } from './files/index.ts';
import { createKv, kvConfig } from './kv/index.ts';
import { nodeConfig } from './node-config.ts';
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
  systemRow({
    config: filesConfig,
    create: createFiles,
    tryIt: (listening, _settings, { accessKeyFile }) => {
      const s3 = listening.find(({ protocol }) => protocol.startsWith('S3'));
      const webHdfs = listening.find(({ protocol }) => protocol === 'WebHDFS');
      const lines: string[] = [];
      if (s3 !== undefined) {
        const aws = `aws --endpoint-url http://${s3.host}:${s3.port} --region us-east-1 s3`;
        if (accessKeyFile !== undefined) lines.push(`. ${accessKeyFile}`);
        lines.push(`${aws} mb s3://pictures`, `${aws} cp README.md s3://pictures/`);
      }
      if (webHdfs !== undefined) {
        const at = `http://${webHdfs.host}:${webHdfs.port}/webhdfs/v1`;
        const [path, op] = s3 === undefined ? ['', 'LISTSTATUS'] : ['/pictures/README.md', 'OPEN'];
        lines.push(`curl -L '${at}${path}?op=${op}&user.name=plinth'`);
      }
      return lines;
    },
  }),
  // Both before the balancer, whose routes they serve.
  systemRow({ config: cacheConfig, create: createCache, tryIt: () => [] }),
  systemRow({
    config: { ...edgeConfig, across: edgeFits },
    create: (settings, context) =>
      createEdge(settings, {
        ...context,
        cache: () => asCache(context.peer('cache')),
        balancer: () => asBalancer(context.peer('balancer')),
      }),
    tryIt: () => [],
  }),
  systemRow({
    config: { ...balancerConfig, across: routesNameRules },
    given: {
      also: [edgeConfig],
      make: balancerSettings,
    },
    create: createBalancer,
    tryIt: ([first]) =>
      first?.protocol === 'HTTP' ? [`curl -i http://${first.host}:${first.port}/`] : [],
  }),
];

function balancerSettings(of: SettingsOf): BalancerSettings {
  const folder = join(of(nodeConfig).data, edgeConfig.name);
  return balancerWithEdge(of(balancerConfig), of(edgeConfig), folder);
}

type SettingsOf = Parameters<NonNullable<AnySection['across']>>[0];

/** Sites are served by the balancer and the cache, so they must be able to. */
function edgeFits(of: SettingsOf): Conflict[] {
  const edge = of(edgeConfig);
  const balancer = of(balancerConfig);
  if (!edge.enabled) return [];
  if (!balancer.enabled) return [{ key: 'enabled', says: 'needs balancer.enabled too' }];
  const all = balancerSettings(of);
  const known = new Set(balancerConfig.check(balancer).map(({ key }) => key));
  const rules = new Set(['default', '', ...of(cacheConfig).rules.map(({ name }) => name)]);
  return [
    ...balancerConfig
      .check(all)
      .filter(({ key }) => !known.has(key))
      .map(({ key, says }) => ({ key: 'sites', says: `make balancer.${key}, which ${says}` })),
    ...sharedNames(balancer, all),
    ...edge.sites.flatMap(({ name, cache, rules: own }) =>
      [
        { key: `sites.${name}.cache`, cache },
        ...own.map((rule) => ({
          key: `sites.${name}.rules.${rule.name}.cache`,
          cache: rule.cache,
        })),
      ].flatMap(({ key, cache }) =>
        cache === undefined || rules.has(cache)
          ? []
          : [{ key, says: `is ${cache}, and cache.rules has no such rule` }],
      ),
    ),
  ];
}

/** What the edge adds has names of its own. */
function sharedNames(own: BalancerSettings, all: BalancerSettings): Conflict[] {
  return (['listeners', 'pools', 'routes'] as const).flatMap((list) => {
    const names = new Set(own[list].map(({ name }) => name));
    return all[list]
      .slice(own[list].length)
      .filter(({ name }) => names.has(name))
      .map(({ name }) => ({
        key: 'sites',
        says: `needs the name ${name}, which balancer.${list} has`,
      }));
  });
}

function asCache(system: System | undefined): Cache | undefined {
  return system instanceof Cache ? system : undefined;
}

function asBalancer(system: System | undefined): Balancer | undefined {
  return system instanceof Balancer ? system : undefined;
}

/** A route names a rule of the cache, which the balancer does not know. */
function routesNameRules(of: SettingsOf): Conflict[] {
  const rules = new Set(['default', ...of(cacheConfig).rules.map(({ name }) => name)]);
  return of(balancerConfig).routes.flatMap(({ name, cache }) =>
    cache === undefined || rules.has(cache)
      ? []
      : [{ key: `routes.${name}.cache`, says: `is ${cache}, and cache.rules has no such rule` }],
  );
}
