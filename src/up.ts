/**
 * The life of the process: start, say what listens where, obey signals, stop, exit code.
 *
 *     load ──▶ start ──▶ SIGTERM, SIGINT ──▶ drain ──▶ stop ──▶ exit 0
 *                 │            └── a second one ─────▶ exit 128 + signal
 *                 ├── SIGHUP ──▶ reload, whole or not at all
 *                 └── an error nobody caught ──▶ log it, exit 70
 */
import { flushCompileCache } from 'node:module';
import { constants } from 'node:os';
import { exitCode, type Host, type UpRequest } from './cli/index.ts';
import { problemText } from './core/config/index.ts';
import { createLogger, createMetrics, type RootLogger } from './core/observe/index.ts';
import {
  createNodeClock,
  createNodeDisk,
  createNodeRandom,
  createNodeSpawn,
  createNodeThreads,
} from './core/runtime/node/index.ts';
import { createNode, type PlinthNode } from './node.ts';
import { logConfig } from './node-config.ts';
import { startFailure } from './start-failure.ts';
import type { AnySystemRow } from './system-row.ts';

export interface UpOptions extends UpRequest {
  readonly version: string;
  readonly rows: readonly AnySystemRow[];
  readonly out: Host['out'];
  readonly err: Host['err'];
}

/** Run until told to stop. Resolves with the exit code; the caller ends the process with it. */
export async function up(options: UpOptions): Promise<number> {
  const { source } = options;
  const reading = source.read();
  const loaded = reading.ok ? source.load(reading.file) : reading;
  if (!loaded.ok) {
    for (const problem of loaded.problems) options.err(`plinth: ${problemText(problem)}\n`);
    return exitCode('badConfig');
  }
  const { config } = loaded;
  const { level, output } = config.of(logConfig);
  const log = createLogger({ level, sink: { fd: output === 'stdout' ? 1 : 2 } });
  const dying = (error: unknown): void => void die(log, options.err, error);
  process.on('uncaughtException', dying);

  const node = createNode({
    ...options,
    config,
    file: reading.ok ? reading.file : undefined,
    log,
    metrics: createMetrics(),
    seams: seams(),
    threads: createNodeThreads(),
    requestStop: () => void process.kill(process.pid, 'SIGTERM'),
  });
  // From here on a signal is remembered, so that one during a long start stops it properly afterwards.
  const signals = watchSignals(() => reload(node, log));
  try {
    await node.start();
  } catch (error) {
    signals.close();
    const failure = startFailure(error);
    if (!failure.isKnown) log.fatal('the start failed', { error });
    options.err(`plinth: ${failure.sentence}\n`);
    await log.close();
    return failure.exit;
  }
  announce(node, options);
  // Written at the end by itself, but after a crash the next start shall be a quick one too.
  flushCompileCache();
  log.info('up', { version: options.version, pid: process.pid });

  const signal = await signals.first;
  log.info('stopping', { signal });
  void signals.second.then((second) => process.exit(128 + constants.signals[second]));
  await node.drain();
  const late = await node.stop();
  log.info('stopped', late.length === 0 ? {} : { late });
  await log.close();
  signals.close();
  process.off('uncaughtException', dying);
  // What a system that did not stop still holds would keep the process alive for ever.
  if (late.length > 0) process.exit(exitCode('internal'));
  return exitCode('ok');
}

function seams() {
  return {
    clock: createNodeClock(),
    random: createNodeRandom(),
    disk: createNodeDisk(),
    spawn: createNodeSpawn(),
  };
}

/** What listens where, and commands to try. */
function announce(node: PlinthNode, { out, json, version }: UpOptions): void {
  const listening = node
    .systems()
    .flatMap((system) =>
      system.status().listening.map((each) => ({ system: system.name, ...each })),
    );
  if (json) {
    out(`${JSON.stringify({ version, pid: process.pid, listening })}\n`);
    return;
  }
  const lines = listening.map(
    ({ system, protocol, host, port }) =>
      `  ${system.padEnd(10)}${protocol.padEnd(16)}${host}:${port}`,
  );
  const admin = listening.find(({ system }) => system === 'admin');
  const commands = [
    ...node.tryIt(),
    ...(admin === undefined
      ? []
      : [`npm run -s plinth -- status --admin ${admin.host}:${admin.port}`]),
  ];
  out(
    [
      `Plinth ${version} is up:`,
      ...lines,
      '',
      'Try:',
      ...commands.map((c) => `  ${c}`),
      '',
      '',
    ].join('\n'),
  );
}

async function reload(node: PlinthNode, log: RootLogger): Promise<void> {
  const reloaded = await node.reload();
  if (reloaded.ok) {
    const { applied: changes, needRestart } = reloaded;
    log.info('configuration reloaded', { changes, needRestart });
  } else if ('problems' in reloaded) {
    log.error('configuration not reloaded', { problems: reloaded.problems.map(problemText) });
  } else log.error('configuration not reloaded', { ...reloaded });
}

type StopSignal = 'SIGTERM' | 'SIGINT';

interface Signals {
  readonly first: Promise<StopSignal>;
  readonly second: Promise<StopSignal>;
  close(): void;
}

function watchSignals(reload: () => Promise<void>): Signals {
  const first = Promise.withResolvers<StopSignal>();
  const second = Promise.withResolvers<StopSignal>();
  let count = 0;
  const stop = (signal: NodeJS.Signals): void => {
    (count++ === 0 ? first : second).resolve(signal as StopSignal);
  };
  const onReload = (): void => void reload();
  process.on('SIGTERM', stop).on('SIGINT', stop).on('SIGHUP', onReload);
  return {
    first: first.promise,
    second: second.promise,
    close: () => void process.off('SIGTERM', stop).off('SIGINT', stop).off('SIGHUP', onReload),
  };
}

/** Our own bug: nothing that was written so far can be trusted to go on. */
async function die(log: RootLogger, err: Host['err'], error: unknown): Promise<void> {
  log.fatal('internal fault', { error });
  err(`plinth: internal fault: ${error instanceof Error ? error.message : String(error)}\n`);
  await log.close();
  process.exit(exitCode('internal'));
}
