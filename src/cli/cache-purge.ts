/** `plinth cache purge`: makes a running cache forget. */
import type { Command } from 'commander';
import { askWithToken } from './admin-ask.ts';
import { addTokenOptions, type TokenOptions } from './admin-door.ts';
import { exitCode } from './exit-codes.ts';
import type { CommandContext } from './host.ts';

export interface PurgeOptions extends TokenOptions {
  readonly url?: readonly string[];
  readonly prefix?: readonly string[];
  readonly host?: readonly string[];
  readonly tag?: readonly string[];
  readonly all?: boolean;
  readonly soft?: boolean;
}

interface Purged {
  readonly seq: number;
  readonly responses: number | null;
}

export function addCachePurge(cache: Command, context: CommandContext): void {
  addPurgeOptions(cache.command('purge'))
    .description('forget stored responses, or make them stale')
    .addHelpText(
      'after',
      `
A URL without its scheme is meant with both. A prefix is a beginning of the text: of
https://example.com/blog also /blogs are forgotten, of https://example.com/blog/ not.
When the command ends, nothing that it has named is served any more; fetches that are under
way do not bring it back.
Exits with 0 when it is done, 1 when it is refused, 69 when nobody answers.

Examples:
  $ plinth cache purge --url https://example.com/news
  $ plinth cache purge --tag product-17 category-4 --soft
  $ plinth cache purge --all`,
    )
    .action(async (options: PurgeOptions) => {
      const body = await askToPurge(context, options, 'cache');
      if (body === undefined) return;
      context.host.out(
        options.json
          ? `${JSON.stringify(body, null, 2)}\n`
          : purgedText(body as Purged, options.soft),
      );
    });
}

/** What is to be purged, and how. */
export function addPurgeOptions(command: Command): Command {
  return addTokenOptions(command)
    .option('--url <url...>', 'URLs with all their variants')
    .option('--prefix <url...>', 'URLs that begin so')
    .option('--host <name...>', 'everything of a host, on every port')
    .option('--tag <tag...>', 'what bears a tag in Surrogate-Key or Cache-Tag')
    .option('--all', 'everything')
    .option(
      '--soft',
      'make it stale: it is fetched anew, and served meanwhile where it allows that',
    );
}

/** The answer of a system; undefined after telling why there is none. */
export async function askToPurge(
  context: CommandContext,
  options: PurgeOptions,
  system: 'cache' | 'edge',
  waitMs?: number,
): Promise<object | undefined> {
  const { url, prefix, host, tag, all, soft } = options;
  const named = { url, prefix, host, tag, all };
  if (Object.values(named).every((each) => each === undefined)) {
    context.host.err(
      'plinth: name what is to be purged: --url, --prefix, --host, --tag or --all\n',
    );
    context.exit(exitCode('usage'));
    return undefined;
  }
  return askWithToken(context, options, {
    method: 'POST',
    path: `/systems/${system}/purge`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...named, soft: soft === true }),
    ...(waitMs !== undefined && { waitMs }),
  });
}

function purgedText({ seq, responses }: Purged, soft = false): string {
  const done = soft ? 'Made stale' : 'Forgotten';
  const known = responses === 1 ? '1 response in memory' : `${responses} responses in memory`;
  return `${done}${responses === null ? '' : `: ${known}`}, purge ${seq}.\n`;
}
