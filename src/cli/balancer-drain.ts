/** `plinth balancer drain | resume`: takes a server or a listener out of service and back. */
import type { Command } from 'commander';
import type { DrainShown } from '../balancer/index.ts';
import { parseDuration } from '../core/config/index.ts';
import type { Clock } from '../core/runtime/index.ts';
import { createNodeClock } from '../core/runtime/node/index.ts';
import { askWithToken } from './admin-ask.ts';
import { addTokenOptions, type TokenOptions } from './admin-door.ts';
import { DrainView, drainSummary } from './balancer-drain-view.ts';
import { exitCode } from './exit-codes.ts';
import type { CommandContext } from './host.ts';

/** Between two looks at how far it is, milliseconds. */
const LOOK_EVERY_MS = 250;

interface Options extends TokenOptions {
  readonly listener?: string;
  readonly deadline?: string;
  readonly wait?: boolean;
}

export function addDrain(balancer: Command, context: CommandContext): void {
  addTokenOptions(balancer.command('drain'))
    .description('take a server or a listener out of service without breaking what is under way')
    .argument('[pool]', 'the pool of the server')
    .argument('[server]', 'the server')
    .option('--listener <name>', 'drain this listener instead of a server')
    .option('--deadline <duration>', 'what is left then is cut', '60s')
    .option('--no-wait', 'begin and return')
    .addHelpText(
      'after',
      `
A drained server gets no new sessions; those bound to it stay until the deadline. A drained
listener takes no new connections. At the deadline WebSockets are closed with 1001, requests
without an answer get 503, the rest is broken off. Ctrl-C ends the waiting, not the drain;
\`plinth balancer resume\` takes it back. A drain is forgotten when the process ends: to keep
a server out, set its state (plinth config set balancer.pools.app.servers.a.state=draining).
Exits with 0 when everybody left by himself, 2 when some were cut at the deadline, 1 when it
is refused, 69 when nobody answers.

Examples:
  $ plinth balancer drain app a --deadline 5m
  $ plinth balancer drain --listener web --json`,
    )
    .action((pool: string | undefined, server: string | undefined, options: Options) =>
      drain(context, pathOf(pool, server, options), options),
    );
}

export function addResume(balancer: Command, context: CommandContext): void {
  addTokenOptions(balancer.command('resume'))
    .description('put a server or a listener back that was drained')
    .argument('[pool]', 'the pool of the server')
    .argument('[server]', 'the server')
    .option('--listener <name>', 'resume this listener instead of a server')
    .addHelpText('after', '\nExample:\n  $ plinth balancer resume app a')
    .action(async (pool: string | undefined, server: string | undefined, options: Options) => {
      const path = pathOf(pool, server, options);
      if (path === undefined) {
        tellUsage(context);
        return;
      }
      const asked = { method: 'POST', path: `${path}/resume` } as const;
      const body = await askWithToken(context, options, asked);
      if (body === undefined) return;
      const what = options.listener ?? server;
      const { state = 'listening again' } = body as { readonly state?: string };
      context.host.out(
        options.json ? `${JSON.stringify(body, null, 2)}\n` : `${what} is ${state}.\n`,
      );
    });
}

/** Undefined when the arguments name neither a server nor a listener, or both. */
function pathOf(
  pool: string | undefined,
  server: string | undefined,
  { listener }: Options,
): string | undefined {
  const name = encodeURIComponent;
  if (listener !== undefined) {
    return pool === undefined ? `/systems/balancer/listeners/${name(listener)}` : undefined;
  }
  if (pool === undefined || server === undefined) return undefined;
  return `/systems/balancer/pools/${name(pool)}/servers/${name(server)}`;
}

function tellUsage({ host, exit }: CommandContext): void {
  host.err('plinth: name a pool and its server, or a listener by --listener\n');
  exit(exitCode('usage'));
}

async function drain(context: CommandContext, path: string | undefined, options: Options) {
  const { host, exit } = context;
  const deadlineMs = parseDuration(options.deadline ?? '60s');
  if (path === undefined) {
    tellUsage(context);
    return;
  }
  if (deadlineMs === undefined) {
    host.err(`plinth: --deadline is ${options.deadline}, wanted a duration such as 30s or 5m\n`);
    exit(exitCode('usage'));
    return;
  }
  const begun = await askWithToken(context, options, {
    method: 'POST',
    path: `${path}/drain`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ deadlineMs }),
  });
  if (begun === undefined) return;
  const report =
    options.wait === false
      ? (begun as DrainShown)
      : await untilDrained(context, `${path}/drain`, options, begun as DrainShown);
  if (report === undefined) return;
  host.out(options.json ? `${JSON.stringify(report, null, 2)}\n` : drainSummary(report));
  if (report.cut > 0) exit(exitCode('cut'));
}

/** Waits for the end; undefined after telling why nothing is known of it any more. */
async function untilDrained(
  context: CommandContext,
  path: string,
  options: Options,
  begun: DrainShown,
): Promise<DrainShown | undefined> {
  const clock: Clock = createNodeClock();
  const view = new DrainView(process.stderr, context.host.err, () => clock.monotonicMs());
  let report = begun;
  while (report.state === 'draining' || report.state === 'cutting') {
    if (!options.json) view.tell(report);
    await new Promise<void>((resolve) => clock.setTimer(LOOK_EVERY_MS, resolve));
    const next = await askWithToken(context, options, { method: 'GET', path });
    if (next === undefined) {
      view.end();
      return undefined;
    }
    report = next as DrainShown;
  }
  view.end();
  return report;
}
