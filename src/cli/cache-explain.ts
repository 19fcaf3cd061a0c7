/** `plinth cache explain`: what would become of a request, and why. */
import type { Command } from 'commander';
import { type Explanation, explanationLines } from '../cache/index.ts';
import { askWithToken } from './admin-ask.ts';
import { addTokenOptions, type TokenOptions } from './admin-door.ts';
import type { CommandContext } from './host.ts';

interface Options extends TokenOptions {
  readonly header?: readonly string[];
  readonly request: string;
  readonly route?: string;
}

export function addCacheExplain(cache: Command, context: CommandContext): void {
  addTokenOptions(cache.command('explain'))
    .description('say what would become of a request: key, variant, freshness, what decides')
    .argument('<url>', 'absolute URL')
    .option('-H, --header <line...>', "fields of the request, 'name: value'")
    .option('-X, --request <method>', 'method', 'GET')
    .option('--route <name>', 'this route alone (default: every route that has a cache)')
    .addHelpText(
      'after',
      `
Nothing is fetched and nothing changes. Each line of the arithmetic names its section of
RFC 9111 or of its kin.

Examples:
  $ plinth cache explain https://example.com/news
  $ plinth cache explain https://example.com/ -H 'Accept-Encoding: br' 'Cache-Control: max-age=0'`,
    )
    .action(async (url: string, options: Options) => {
      const { header = [], request, route } = options;
      const body = await askWithToken(context, options, {
        method: 'POST',
        path: '/systems/cache/explain',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ url, method: request, headers: header, route }),
      });
      if (body === undefined) return;
      const { explanations } = body as { readonly explanations: readonly Explanation[] };
      context.host.out(
        options.json ? `${JSON.stringify(body, null, 2)}\n` : explanations.map(textOf).join('\n'),
      );
    });
}

function textOf(explanation: Explanation): string {
  return explanationLines(explanation)
    .map((line) => `${line}\n`)
    .join('');
}
