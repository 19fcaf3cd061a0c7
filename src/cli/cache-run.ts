/** `plinth cache run`: a cache before an origin, without a configuration file. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { type ConfigSource, loadConfig } from '../core/config/index.ts';
import { addressOf } from './address.ts';
import { tellProblems } from './config-options.ts';
import type { CommandContext, Host } from './host.ts';

interface Options {
  readonly listen: string;
  readonly memory: string;
  readonly disk?: string;
  readonly data?: string;
  readonly set: readonly string[];
  readonly json?: boolean;
}

export function addCacheRun(cache: Command, context: CommandContext): void {
  cache
    .command('run')
    .description('cache one origin, without a configuration file, until SIGTERM or Ctrl-C')
    .argument('<origin>', 'where it is: http://host:port or https://host')
    .option('-l, --listen <host:port>', 'where clients come', '127.0.0.1:8080')
    .option('-m, --memory <size>', 'memory for stored responses', '256mb')
    .option('--disk <size>', 'a second tier on the disk, in the data folder')
    .option('-d, --data <folder>', 'folder of the data')
    .option('-s, --set <name=value...>', 'further settings, as of `up`', [])
    .option('--json', 'print what listens where as one line of JSON')
    .addHelpText(
      'after',
      `
The same as \`plinth up\` with a listener, a pool of one server, and a route with \`cache: default\`.

Examples:
  $ plinth cache run http://127.0.0.1:3000
  $ plinth cache run https://origin.example.com --listen 0.0.0.0:80 --memory 4gb --disk 100gb`,
    )
    .action(async (origin: string, options: Options) => {
      const { host, exit } = context;
      const text = configFor(origin, options);
      if (text === undefined) {
        const place = { source: 'the command line' };
        const says = `${origin} and ${options.listen} must be http://host:port and host:port`;
        tellProblems(context, [{ place, text: says }], false);
        return;
      }
      const source = sourceOf(host, text, options);
      exit(await host.up({ source, json: options.json ?? false }));
    });
}

/** There is no file, so that nobody writes one. */
function sourceOf(host: Host, text: string, { data, set }: Options): ConfigSource {
  return {
    read: () => ({ ok: true, file: undefined }),
    load: () =>
      loadConfig(host.sections, {
        file: { name: 'plinth cache run', text },
        environment: host.environment,
        set: [...set, ...(data === undefined ? [] : [`node.data=${data}`])],
        readFile: (path) => readFileSync(path, 'utf8'),
      }),
  };
}

/** JSON is YAML. Undefined: the addresses are none. */
function configFor(origin: string, { listen, memory, disk }: Options): string | undefined {
  const at = addressOf(listen);
  if (at === undefined || !URL.canParse(origin)) return undefined;
  const { protocol, hostname, port, pathname } = new URL(origin);
  const isTls = protocol === 'https:';
  if ((protocol !== 'http:' && !isTls) || pathname !== '/') return undefined;
  const address = `${hostname}:${port === '' ? (isTls ? '443' : '80') : port}`;
  return JSON.stringify({
    kv: { enabled: false },
    files: { enabled: false },
    cache: { memory, ...(disk !== undefined && { disk: { size: disk } }) },
    balancer: {
      listeners: [{ name: 'web', bind: at.address, port: at.port }],
      pools: [
        {
          name: 'origin',
          servers: [{ name: 'origin', address }],
          ...(isTls && { upstream: { tls: true, tls_name: hostname } }),
        },
      ],
      routes: [
        {
          name: 'cached',
          pool: 'origin',
          cache: 'default',
          ...(isTls && { rewrite_host: hostname }),
        },
      ],
    },
  });
}
