/**
 * One node: the admin door and the chosen systems, started in the order of their table and stopped in
 * the reverse order.
 *
 * Invariants: the data folder is this process's alone from before the first system starts until after the
 * last has stopped; a start that fails has stopped everything it started before it rejects; a system that fails
 * to drain or stop does not keep the others from it; a reload is applied whole or not at all.
 */
import { hostname } from 'node:os';
import { generatedToken, takesGenerated } from './admin-token.ts';
import { adminConfig } from './console/config/index.ts';
import { createConsole } from './console/index.ts';
import type { System } from './core/base/index.ts';
import {
  applyConfig,
  type Config,
  type ConfigFile,
  type ConfigSource,
  type Fields,
  type Reloadable,
  type ValuesOf,
} from './core/config/index.ts';
import { Stages } from './core/http/index.ts';
import {
  type Metrics,
  type OtlpExporter,
  processMetrics,
  type RootLogger,
  startOtlpExporter,
} from './core/observe/index.ts';
import type { Threads } from './core/runtime/index.ts';
import { type DataFolder, openDataFolder } from './core/store/index.ts';
import { createLiveConfig, type Reloaded } from './live-config.ts';
import { logConfig, nodeConfig, otlpConfig } from './node-config.ts';
import { sectionsFor } from './sections.ts';
import type { AnySystemRow, ReloadableSystem, SystemContext } from './system-row.ts';

/** How long one system may take to stop before it is given up, milliseconds. */
const STOP_WAIT_MS = 10_000;

export interface NodeOptions {
  readonly version: string;
  /** What was loaded at the start, and from which file. */
  readonly config: Config;
  readonly file: ConfigFile | undefined;
  /** Where it is read again at reloads and changes. */
  readonly source: ConfigSource;
  readonly rows: readonly AnySystemRow[];
  readonly log: RootLogger;
  readonly metrics: Metrics;
  /** What a system calls when its clients ask it to stop the process; absent, nobody stops it. */
  readonly requestStop?: () => void;
  readonly seams: Pick<SystemContext, 'clock' | 'random' | 'disk' | 'spawn'>;
  readonly threads: Threads;
}

export interface PlinthNode {
  start(): Promise<void>;
  /** Refuse new work, let running work end within the time set by `node.drain`. */
  drain(): Promise<void>;
  /** Stop everything; resolves with the names of systems that did not stop in time. */
  stop(): Promise<readonly string[]>;
  /** Reads the configuration again and applies it whole or not at all. */
  reload(): Promise<Reloaded>;
  /** Everything that runs, the admin door first. */
  systems(): readonly System[];
  /** Commands for a user to try. */
  tryIt(): readonly string[];
}

interface Running {
  readonly row: AnySystemRow;
  readonly system: ReloadableSystem<never>;
}

export function createNode(options: NodeOptions): PlinthNode {
  const { rows, log, metrics } = options;
  const { config } = options;
  const { disk, random } = options.seams;
  let token = config.of(adminConfig).token?.reveal();
  let ownToken: string | undefined;
  const running: Running[] = [];
  let dataFolder: DataFolder | undefined;
  let otlp: OtlpExporter | undefined;
  const own = processMetrics();
  const logMetric = {
    name: 'plinth_log_lines_dropped_total',
    help: 'Log lines lost because their reader was too slow.',
    type: 'counter',
    collect: (emit: (value: number) => void) => emit(log.dropped()),
  } as const;
  const live = createLiveConfig({
    sections: sectionsFor(rows),
    source: options.source,
    config,
    file: options.file,
    disk,
    log: log.child('config'),
    yaml: { threads: options.threads, clock: options.seams.clock },
    life: random.bytes(6).toString('hex'),
    apply: (current, next, decide) =>
      applyConfig(
        sectionsFor(rows),
        current,
        next,
        [
          nodeReloadable(),
          logReloadable(log),
          adminReloadable((given) => {
            token = given;
          }),
          ...running.flatMap(systemReloadable),
        ],
        decide,
      ),
  });
  const admin = config.of(adminConfig).enabled
    ? createConsole({
        version: options.version,
        settings: config.of(adminConfig),
        log: log.child('admin'),
        metrics,
        config: live,
        systems: () => systems(),
        token: () => token ?? ownToken,
      })
    : undefined;
  const systems = (): System[] => [
    ...(admin === undefined ? [] : [admin]),
    ...running.map(({ system }) => system),
  ];

  async function stop(): Promise<string[]> {
    live.open(false);
    const late: string[] = [];
    for (const system of systems().toReversed()) {
      const ended = await within(STOP_WAIT_MS, system.stop(), (error) =>
        log.error('a system failed to stop', { name: system.name, error }),
      );
      if (!ended) late.push(system.name);
    }
    // A system that did not stop may still write: then the folder stays locked until the process ends.
    if (late.length === 0) dataFolder?.release();
    otlp?.stop();
    own.stop();
    metrics.remove([...own.table, logMetric]);
    return late;
  }

  return {
    async start() {
      metrics.add([...own.table, logMetric]);
      try {
        const folder = await openDataFolder(options.seams.disk, config.of(nodeConfig).data);
        dataFolder = folder;
        if (admin !== undefined && takesGenerated(config.of(adminConfig).host)) {
          ownToken = generatedToken(disk, random, folder.path);
        }
        const stages = new Stages();
        const peer = (name: string): System | undefined =>
          running.find(({ system }) => system.name === name)?.system;
        for (const row of chosen(rows, config)) {
          const context = contextOf(row, { folder, stages, peer }, options);
          running.push({ row, system: await row.create(settingsFor(row, config), context) });
        }
        otlp = otlpFor(options);
        for (const system of systems()) await system.start();
        live.open(true);
      } catch (error) {
        await stop();
        throw error;
      }
    },
    async drain() {
      live.open(false);
      const { drainMs } = live.running().of(nodeConfig);
      const drained = systems().map((system) =>
        within(drainMs + 1000, system.drain(drainMs), (error) =>
          log.error('a system failed to drain', { name: system.name, error }),
        ),
      );
      await Promise.all(drained);
    },
    stop,
    async reload() {
      const reloaded = await live.reload();
      for (const { system } of running) system.reopenFiles?.();
      return reloaded;
    },
    systems,
    tryIt: () =>
      running.flatMap(({ row, system }) => {
        const { listening, facts } = system.status();
        return row.tryIt(listening, settingsFor(row, live.running()), facts);
      }),
  };
}

function chosen(rows: readonly AnySystemRow[], config: Config): AnySystemRow[] {
  return rows.filter((row) => (settingsFor(row, config) as { enabled: boolean }).enabled);
}

/** What the functions of a row take: the settings of its own section, or what is made of several. */
function settingsFor(row: AnySystemRow, config: Config): never {
  return (row.given?.make(config.of) ?? config.of<Fields>(row.config)) as never;
}

function contextOf(
  row: AnySystemRow,
  {
    folder,
    stages,
    peer,
  }: Pick<SystemContext, 'stages' | 'peer'> & { readonly folder: DataFolder },
  options: NodeOptions,
): SystemContext {
  const { name } = row.config;
  return {
    ...options.seams,
    threads: options.threads,
    dataFolder: folder.subfolder(name),
    log: options.log.child(name),
    metrics: options.metrics,
    ...{ stages, peer },
    requestStop: options.requestStop ?? (() => {}),
  };
}

/** Exports metrics when there is a collector to send them to. */
function otlpFor({ config, metrics, log, seams, version }: NodeOptions): OtlpExporter | undefined {
  const { endpoint, everyMs } = config.of(otlpConfig);
  if (endpoint === undefined) return undefined;
  const { clock } = seams;
  return startOtlpExporter({
    endpoint,
    everyMs,
    resource: { version, instance: `${hostname()}:${process.pid}` },
    metrics,
    log: log.child('otlp'),
    startMs: clock.wallMs(),
    wallMs: () => clock.wallMs(),
  });
}

/** The drain time is read when it is needed, so there is nothing to do but agree. */
function nodeReloadable(): Reloadable {
  return { section: nodeConfig, prepare: async () => ({ commit: () => {}, abort: () => {} }) };
}

function adminReloadable(setToken: (token: string | undefined) => void): Reloadable {
  return {
    section: adminConfig,
    prepare: async ({ token }: ValuesOf<typeof adminConfig.fields>) => ({
      commit: () => setToken(token?.reveal()),
      abort: () => {},
    }),
  };
}

function logReloadable(log: RootLogger): Reloadable {
  return {
    section: logConfig,
    prepare: async (next: { readonly level: Parameters<RootLogger['setLevel']>[0] }) => ({
      commit: () => log.setLevel(next.level),
      abort: () => {},
    }),
  };
}

function systemReloadable({ row, system }: Running): Reloadable[] {
  if (system.prepare === undefined) return [];
  const also = row.given?.also ?? [];
  const prepare = async (_: unknown, config: Config) => system.prepare!(settingsFor(row, config));
  return [{ section: row.config, also, prepare }];
}

/** False when `work` took longer than `waitMs`; its failure is told to `failed` and counts as done. */
async function within(
  waitMs: number,
  work: Promise<void>,
  failed: (error: unknown) => void,
): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), waitMs);
  });
  const done = work.then(
    () => true,
    (error: unknown) => {
      failed(error);
      return true;
    },
  );
  const ended = await Promise.race([done, late]);
  clearTimeout(timer);
  return ended;
}
