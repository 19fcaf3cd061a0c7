/**
 * The key-value store as a system of the process: start, drain, stop, status.
 */
import { totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import type { Listening, System, SystemState, SystemStatus } from '../core/base/index.ts';
import type { ValuesOf } from '../core/config/index.ts';
import { connectionEndings } from '../core/downstream/index.ts';
import type { Logger, MetricSpec, Metrics } from '../core/observe/index.ts';
import {
  type Clock,
  type Disk,
  ListenError,
  type Random,
  type TlsOptions,
} from '../core/runtime/index.ts';
import {
  createNodeNetwork,
  createNodeThreads,
  createNodeTransport,
} from '../core/runtime/node/index.ts';
import { createLsmWorker, readFileWhole } from '../core/store/index.ts';
import { AclFileError, aclFileOn } from './acl/index.ts';
import { Backups, refuseUnfinished } from './backup/index.ts';
import { commandSpecs } from './commands/index.ts';
import type { kvConfig } from './config/config.ts';
import { Engine } from './engine/engine.ts';
import { argsMax, lineBytesMax } from './limits.ts';
import { Loading } from './loading.ts';
import { kvMetrics } from './metrics.ts';
import { Persistence } from './persistence/index.ts';
import { KvServer } from './server/server.ts';
import { Tick } from './server/tick.ts';
import { reloadInMemory } from './tier/index.ts';

export type KvSettings = ValuesOf<(typeof kvConfig)['fields']>;

export interface KvContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
  readonly dataFolder: string;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Asks the process to stop in order (SHUTDOWN). */
  readonly requestStop?: () => void;
}

/** Words of Redis for kv.tls.clients. */
const TLS_AUTH_CLIENTS = { no: 'no', optional: 'optional', required: 'yes' } as const;

/** Of the 16 GiB that addresses of the arena reach, what leaves room for the rest. */
const TIER_MEMORY_MAX = 12 * 1024 ** 3;

export class Kv implements System {
  readonly name = 'kv';
  private readonly settings: KvSettings;
  private readonly context: KvContext;
  private state: SystemState = 'idle';
  private readonly listening: Listening[] = [];
  readonly engine: Engine;
  readonly server: KvServer;
  private persistence: Persistence | undefined;
  private tick: Tick | undefined;
  private loading: Loading | undefined;
  private readonly endings = connectionEndings('plinth_kv_connections_ended_total');
  private metrics: readonly MetricSpec[] = [];

  constructor(settings: KvSettings, context: KvContext) {
    this.settings = settings;
    this.context = context;
    this.engine = new Engine({
      commands: commandSpecs,
      clock: context.clock,
      random: context.random,
      databases: settings.databases,
      settings: {
        maxmemory: settings.memoryBytes,
        maxmemoryPolicy: settings.memoryPolicy,
        tierMemory: settings.persistence ? settings.tierMemoryBytes || defaultTierMemory() : 0,
        maxclients: settings.clientsMax,
        protectedMode: settings.protectedMode,
        appendfsync: settings.fsync === 'never' ? 'no' : settings.fsync,
        bind: settings.bind,
        port: settings.port,
        unixsocket: settings.socket ?? '',
        tlsPort: settings.tls.port,
        tlsCertFile: settings.tls.cert ?? '',
        tlsKeyFile: settings.tls.key ?? '',
        tlsCaCertFile: settings.tls.ca ?? '',
        tlsAuthClients: TLS_AUTH_CLIENTS[settings.tls.clients],
        aclfile: settings.aclFile ?? '',
        dir: context.dataFolder,
      },
    });
    this.engine.log = context.log;
    this.engine.acl.setDefaultPassword(settings.password?.reveal() ?? '');
    this.engine.onShutdown = context.requestStop;
    const limits = { argsMax, bulkBytesMax: this.engine.settings.protoMaxBulkLen, lineBytesMax };
    this.server = new KvServer(this.engine, limits);
    this.followSettings(limits);
  }

  /** CONFIG SET of what is not looked up at each use. */
  private followSettings(limits: { bulkBytesMax: number }): void {
    const { config, settings } = this.engine;
    config.onChange('proto-max-bulk-len', () => {
      limits.bulkBytesMax = settings.protoMaxBulkLen;
    });
    config.onChange('tcp-keepalive', () => {
      const ms = settings.tcpKeepalive * 1000;
      for (const listener of this.server.listeners) listener.setKeepAlive(ms);
    });
    config.onChange('maxclients', () => {
      for (const listener of this.server.listeners) listener.setConnectionsMax(settings.maxclients);
    });
  }

  async start(): Promise<void> {
    this.state = 'starting';
    try {
      if (this.settings.aclFile !== undefined) this.loadUsers(this.settings.aclFile);
      if (this.settings.persistence) await this.recover();
      this.engine.reload = this.reloader();
      this.tick = new Tick(this.server, this.persistence);
      this.metrics = kvMetrics(this.engine, this.endings);
      this.context.metrics.add(this.metrics);
      await this.listen();
      this.persistence?.warm();
      this.state = 'ready';
    } catch (error) {
      await this.release();
      this.state = 'failed';
      throw error;
    }
  }

  /** Users of a broken file would be wrong users: the store does not start. */
  private loadUsers(path: string): void {
    const { acl } = this.engine;
    acl.store = aclFileOn(this.context.disk, path);
    const problem = acl.load();
    if (problem !== undefined) throw new AclFileError(path, problem);
  }

  private async recover(): Promise<void> {
    const { context, engine, settings } = this;
    const { clock, log } = context;
    const loading = new Loading({ clock, log, keys: () => engine.keyspace.keys });
    this.loading = loading;
    refuseUnfinished(context.disk, context.dataFolder);
    this.persistence = await Persistence.open({
      engine,
      disk: context.disk,
      clock: context.clock,
      random: context.random,
      log: context.log,
      folder: context.dataFolder,
      policy: settings.fsync,
      segmentBytes: settings.logSegmentBytes,
      worker: createLsmWorker(createNodeThreads()),
      flushLogBytes: settings.flushLogBytes,
      onLoading: (done) => loading.tell(done),
    });
    this.loading = undefined;
    engine.persistence = this.persistence;
    engine.backups = await this.openBackups(this.persistence);
    this.server.useLog(this.persistence.log);
    context.log.info('recovered', { ...this.persistence.recovery, keys: engine.keyspace.keys });
  }

  private async openBackups(persistence: Persistence): Promise<Backups> {
    const { disk, clock, log, dataFolder } = this.context;
    const root = this.settings.backupFolder ?? join(dirname(dataFolder), 'backups');
    const backups = new Backups({ disk, clock, log, persistence, dataFolder, root });
    await backups.clean();
    return backups;
  }

  /** DEBUG RELOAD. What is stored is what is in memory, so without emptying it there is nothing to do. */
  private reloader(): NonNullable<Engine['reload']> {
    return ({ flush }) => {
      if (!flush) return;
      if (this.persistence === undefined) reloadInMemory(this.engine);
      else this.persistence.reload();
    };
  }

  private async release(): Promise<void> {
    this.tick?.stop();
    this.context.metrics.remove(this.metrics);
    await this.server.stop();
    await this.engine.backups?.close();
    await this.persistence?.close();
  }

  private async listen(): Promise<void> {
    const { settings } = this;
    const transport = await createNodeTransport();
    this.engine.dial = createNodeNetwork(transport).dial;
    const common = {
      transport,
      clock: this.context.clock,
      connectionsMax: settings.clientsMax,
      endings: this.endings,
      keepAliveMs: this.engine.settings.tcpKeepalive * 1000,
    };
    const { bind: host } = settings;
    const listener = await this.server.listen({
      ...common,
      address: { host, port: settings.port },
    });
    this.engine.settings.port = listener.port;
    this.listening.push({ protocol: 'RESP', host, port: listener.port });
    if (settings.socket !== undefined) {
      await this.server.listen({ ...common, address: { path: settings.socket } });
    }
    if (settings.tls.port !== 0) {
      const tls = this.tlsOptions();
      const secure = await this.server.listen({
        ...common,
        address: { host, port: settings.tls.port },
        tls,
      });
      this.listening.push({ protocol: 'RESP over TLS', host, port: secure.port });
    }
  }

  private tlsOptions(): TlsOptions {
    const { tls } = this.settings;
    const read = (path: string | undefined): Buffer => {
      const bytes = path === undefined ? null : readFileWhole(this.context.disk, path);
      if (bytes === null) throw new ListenError('tls-invalid', path ?? 'kv.tls.cert', undefined);
      return bytes;
    };
    return {
      cert: read(tls.cert),
      key: read(tls.key),
      ...(tls.ca !== undefined && { ca: read(tls.ca) }),
      requestCert: tls.clients !== 'no',
      rejectUnauthorized: tls.clients === 'required',
    };
  }

  async drain(deadlineMs: number): Promise<void> {
    this.state = 'draining';
    await this.server.drain(deadlineMs);
  }

  async stop(): Promise<void> {
    await this.release();
    this.state = 'stopped';
  }

  status(): SystemStatus {
    const { keyspace, sessions, stats } = this.engine;
    const reading = this.loading?.now;
    return {
      state: this.state,
      listening: this.listening,
      facts: {
        keys: keyspace.keys,
        memoryBytes: keyspace.usedBytes,
        clients: sessions.count,
        commands: stats.commands,
        ...(reading !== undefined && { loading: `log ${reading.percent} %` }),
      },
    };
  }
}

/** Half of the memory that the process may use, as far as the arena reaches. */
function defaultTierMemory(): number {
  const limit = process.constrainedMemory() || Number.POSITIVE_INFINITY;
  return Math.floor(Math.min(limit / 2, totalmem() / 2, TIER_MEMORY_MAX));
}

/** Makes the store; `start` brings it up. */
export function createKv(settings: KvSettings, context: KvContext): Kv {
  return new Kv(settings, context);
}
