/**
 * The table of systems, in the order of their start. To add a system, add its row; settings, start, stop,
 * status, metrics, reload, documentation and the JSON Schema follow from it:
 *
 *     systemRow({
 *       config: kvConfig,
 *       create: async (...given) => (await import('./kv/index.ts')).createKv(...given),
 *       tryIt: ([resp]) => [`redis-cli -p ${resp?.port} set greeting hello`],
 *     }),
 *
 * A section must have the setting `enabled`; a row whose section says `enabled: false` is not created. Of a system this
 * file imports only the settings, which every configuration is checked against: its code is loaded when it is created.
 */
import { join } from 'node:path';
import { type BalancerSettings, balancerConfig } from './balancer/config/index.ts';
import { cacheConfig } from './cache/config/index.ts';
import type { System } from './core/base/index.ts';
import type { AnySection, Conflict } from './core/config/index.ts';
import { balancerWithEdge, edgeConfig } from './edge/config/index.ts';
import { filesConfig } from './files/config/index.ts';
import { kvConfig } from './kv/config/index.ts';
import { nodeConfig } from './node-config.ts';
import { type AnySystemRow, type SystemContext, systemRow } from './system-row.ts';

export const systems: readonly AnySystemRow[] = [
  systemRow({
    config: kvConfig,
    create: async (...given) => (await import('./kv/index.ts')).createKv(...given),
    tryIt: ([resp]) => [
      `redis-cli -p ${resp?.port} set greeting hello`,
      `redis-cli -p ${resp?.port} get greeting`,
    ],
  }),
  systemRow({
    config: filesConfig,
    create: async (...given) => (await import('./files/index.ts')).createFiles(...given),
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
  systemRow({
    config: cacheConfig,
    create: async (...given) => (await import('./cache/index.ts')).createCache(...given),
    tryIt: () => [],
  }),
  systemRow({
    config: { ...edgeConfig, across: edgeFits },
    create: async (settings, context) => {
      const { createEdge } = await import('./edge/index.ts');
      const { Cache } = await import('./cache/index.ts');
      const { Balancer } = await import('./balancer/index.ts');
      return createEdge(settings, {
        ...context,
        cache: () => peerOf(context, 'cache', Cache),
        balancer: () => peerOf(context, 'balancer', Balancer),
      });
    },
    tryIt: () => [],
  }),
  systemRow({
    config: { ...balancerConfig, across: routesNameRules },
    given: {
      also: [edgeConfig],
      make: balancerSettings,
    },
    create: async (...given) => (await import('./balancer/index.ts')).createBalancer(...given),
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

function peerOf<S extends System>(
  { peer }: SystemContext,
  name: string,
  kind: abstract new (...given: never[]) => S,
): S | undefined {
  const system = peer(name);
  return system instanceof kind ? system : undefined;
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
