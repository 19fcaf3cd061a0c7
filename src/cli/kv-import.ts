/**
 * `plinth kv import`: fills a running store from an RDB file, or from a running Redis or Valkey as its
 * replica.
 */
import { type Command, Option } from 'commander';
import {
  createNodeClock,
  createNodeDisk,
  createNodeNetwork,
  createNodeTransport,
} from '../core/runtime/node/index.ts';
import {
  type ComparisonReport,
  type Endpoint,
  endpointName,
  ImportError,
  type ImportErrorCode,
  importFile,
  LiveComparison,
  LiveImport,
  openPipe,
} from '../kv/import/index.ts';
import { addConfigOptions } from './config-options.ts';
import { type ExitName, exitCode } from './exit-codes.ts';
import type { CommandContext } from './host.ts';
import { sourceOf } from './kv-import-source.ts';
import { type ImportOutcome, importText } from './kv-import-text.ts';
import { ImportView } from './kv-import-view.ts';
import { addTargetOptions, configuredTarget, type TargetOptions } from './kv-target.ts';

/** Between two looks at how far an import is. */
const LOOK_EVERY_MS = 1_000;

interface Options extends TargetOptions {
  readonly from?: string;
  readonly fromPasswordFile?: string;
  readonly once?: boolean;
  readonly replace?: boolean;
  readonly verify?: 'sample' | 'all';
}

export function addImport(kv: Command, context: CommandContext): void {
  const command = addConfigOptions(kv.command('import'))
    .description('fill a running store from an RDB file, or from a running Redis or Valkey')
    .argument('[file]', 'an RDB file of Redis up to 7.4')
    .option('--from <url>', 'become a replica of this server: redis://[user:password@]host:port')
    .option('--from-password-file <file>', 'password of the source, instead of one in its URL')
    .option('--once', 'with --from: end when all is applied, not at Ctrl-C');
  addTargetOptions(command)
    .option('--replace', 'remove all keys and functions of the store first')
    .addOption(
      new Option('--verify <keys>', 'compare both sides at the end').choices(['sample', 'all']),
    )
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
The store must be empty unless --replace is given. With --from the store follows the
source until Ctrl-C: stop the writers, wait until it is 0 bytes behind, press Ctrl-C,
send the clients to the store. Values are compared at one point of the source's
stream of commands, so writes may go on meanwhile.
Exits with 0 when all was applied (and is the same, with --verify), 1 when something
differs or was refused, 66 when the file cannot be read, 69 when a side cannot be
reached or is lost, 73 when the store is not empty or refuses, 74 when the snapshot is
damaged or too new, 77 when a password or right is refused.

Examples:
  $ plinth kv import dump.rdb --verify all
  $ plinth kv import --from redis://10.0.0.7:6379
  $ plinth kv import --from redis://10.0.0.7:6379 --once --verify sample --json`,
    )
    .action((file: string | undefined, options: Options) => run(context, file, options));
}

async function run(context: CommandContext, file: string | undefined, options: Options) {
  const { host, exit } = context;
  const misuse = (text: string): void => {
    host.err(`plinth: ${text}\n`);
    exit(exitCode('usage'));
  };
  if ((file === undefined) === (options.from === undefined)) {
    misuse('name either an RDB file or a server with --from');
    return;
  }
  if (file !== undefined && options.once) {
    misuse('--once goes with --from');
    return;
  }
  const target = configuredTarget(context, options);
  if (target === undefined) return;
  const source =
    options.from === undefined ? null : sourceOf(options.from, options.fromPasswordFile);
  if (typeof target === 'string' || typeof source === 'string') {
    misuse(typeof target === 'string' ? target : String(source));
    return;
  }
  const clock = createNodeClock();
  const view = new ImportView(process.stderr, host.err, () => clock.monotonicMs());
  try {
    const work: Work = { options, target, view, clock };
    const outcome =
      source === null ? await fromFile(file as string, work) : await fromServer(source, work);
    view.end();
    host.out(options.json ? `${JSON.stringify(outcome, keysAsText)}\n` : importText(outcome));
    if (outcome.refused > 0 || outcome.comparison?.same === false) exit(exitCode('notReady'));
  } catch (error) {
    view.end();
    if (!(error instanceof ImportError)) throw error;
    const { code, message } = error;
    if (options.json) host.out(`${JSON.stringify({ ok: false, code, message })}\n`);
    host.err(`plinth: ${message}\n`);
    exit(exitCode(exitOf[code]));
  }
}

const exitOf: Readonly<Record<ImportErrorCode, ExitName>> = {
  unreachable: 'notRunning',
  'auth-refused': 'notPermitted',
  'not-permitted': 'notPermitted',
  'not-a-source': 'notRunning',
  'source-busy': 'notRunning',
  'source-lost': 'notRunning',
  'target-lost': 'notRunning',
  'target-not-empty': 'dataUnwritable',
  'target-refused': 'dataUnwritable',
  'snapshot-bad': 'dataDamaged',
  'snapshot-too-new': 'dataDamaged',
  'file-unreadable': 'noInput',
};

interface Work {
  readonly options: Options;
  readonly target: Endpoint;
  readonly view: ImportView;
  readonly clock: ReturnType<typeof createNodeClock>;
}

async function fromFile(
  path: string,
  { options, target, view, clock }: Work,
): Promise<ImportOutcome> {
  const { keys, functions, comparison } = await importFile({
    dial: await createDial(),
    disk: createNodeDisk(),
    clock,
    path,
    target,
    replace: options.replace ?? false,
    verify: options.verify !== undefined,
    onProgress: (progress) => view.file(progress),
  });
  const none = { commands: 0, refused: 0, refusals: [], resumed: 0, lagBytes: null };
  return {
    ok: true,
    source: path,
    target: endpointName(target),
    keys,
    functions,
    ...none,
    comparison,
  };
}

async function fromServer(source: Endpoint, work: Work): Promise<ImportOutcome> {
  const { options, target, view, clock } = work;
  const dial = await createDial();
  const interrupted = options.once ? null : untilInterrupted();
  const live = await LiveImport.open({
    dial,
    clock,
    source,
    target,
    replace: options.replace ?? false,
  });
  let compared: number | null = null;
  const look = every(LOOK_EVERY_MS, async () => {
    // A source that is lost is told by what waits for it.
    if (live.phase === 'stream' && compared === null) await live.askSourceOffset().catch(() => {});
    view.live(live.progress, compared);
  });
  try {
    await live.copySnapshot();
    if (interrupted !== null) await live.orFail(interrupted);
    await live.caughtUp();
    let comparison: ComparisonReport | null = null;
    if (options.verify !== undefined) {
      const inspect = await openPipe({ dial, endpoint: target, lostCode: 'target-lost' });
      const all = options.verify === 'all';
      const onProgress = (count: number): void => {
        compared = count;
      };
      comparison = await new LiveComparison({ live, inspect, clock, all, onProgress }).run();
      inspect.close();
      await live.caughtUp();
    }
    await live.finish();
    const { keys, functions, commands, refused, refusals, resumed, lagBytes } = live.progress;
    return {
      ok: true,
      source: endpointName(source),
      target: endpointName(target),
      keys,
      functions,
      commands,
      refused,
      refusals,
      resumed,
      lagBytes,
      comparison,
    };
  } finally {
    look.stop();
    live.close();
  }
}

async function createDial(): Promise<ReturnType<typeof createNodeNetwork>['dial']> {
  return createNodeNetwork(await createNodeTransport()).dial;
}

/** Resolves at the first Ctrl-C or SIGTERM; the second ends the process as it does without us. */
function untilInterrupted(): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
      resolve();
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
  });
}

/** Runs `work` again and again, `waitMs` after its last end. */
function every(waitMs: number, work: () => Promise<void>): { stop(): void } {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  const next = (): void => {
    if (stopped) return;
    timer = setTimeout(() => void work().then(next), waitMs);
  };
  next();
  return {
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

/** Keys are bytes: as JSON they are text, by latin1. */
function keysAsText(name: string, value: unknown): unknown {
  const isBytes = name === 'key' && typeof value === 'object' && value !== null && 'data' in value;
  return isBytes ? Buffer.from(value.data as number[]).toString('latin1') : value;
}
