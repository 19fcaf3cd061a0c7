/** `plinth cache`: subcommands for the web cache. */
import type { Command } from 'commander';
import { addCacheExplain } from './cache-explain.ts';
import { addCachePurge } from './cache-purge.ts';
import { addCacheRun } from './cache-run.ts';
import { addCacheStatus } from './cache-status.ts';
import type { CommandContext } from './host.ts';

export function addCache(program: Command, context: CommandContext): void {
  const cache = program
    .command('cache')
    .description('run a web cache, look at it, and make it forget');
  addCacheRun(cache, context);
  addCachePurge(cache, context);
  addCacheExplain(cache, context);
  addCacheStatus(cache, context);
}
