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
import type { AnySection, Conflict } from './core/config/index.ts';
import { createFiles, filesConfig } from './files/index.ts';
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
  // Before the balancer, whose routes it serves.
  systemRow({ config: cacheConfig, create: createCache, tryIt: () => [] }),
  systemRow({
    config: { ...balancerConfig, across: routesNameRules },
    create: createBalancer,
    tryIt: ([first]) =>
      first?.protocol === 'HTTP' ? [`curl -i http://${first.host}:${first.port}/`] : [],
  }),
];

/** A route names a rule of the cache, which the balancer does not know. */
function routesNameRules(of: Parameters<NonNullable<AnySection['across']>>[0]): Conflict[] {
  const rules = new Set(['default', ...of(cacheConfig).rules.map(({ name }) => name)]);
  return of(balancerConfig).routes.flatMap(({ name, cache }) =>
    cache === undefined || rules.has(cache)
      ? []
      : [{ key: `routes.${name}.cache`, says: `is ${cache}, and cache.rules has no such rule` }],
  );
}
