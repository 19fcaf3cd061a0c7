/**
 * The key-value store as a system of the process: start, drain, stop, status.
 */
import type { Listening, System, SystemState, SystemStatus } from '../core/base/index.ts';
import type { ValuesOf } from '../core/config/index.ts';
import type { Logger, Metrics } from '../core/observe/index.ts';
import {
  type Clock,
  type Disk,
  ListenError,
  type Random,
  type TlsOptions,
} from '../core/runtime/index.ts';
import { createNodeTransport } from '../core/runtime/node/index.ts';
import { readFileWhole } from '../core/store/index.ts';
import { AclFileError, aclFileOn } from './acl/index.ts';
import { commandSpecs } from './commands/index.ts';
import type { kvConfig } from './config.ts';
import { Engine } from './engine/engine.ts';
import { Persistence } from './persistence/index.ts';
import { KvServer } from './server/server.ts';
import { Tick } from './server/tick.ts';

export type KvSettings = ValuesOf<(typeof kvConfig)['fields']>;

export interface KvContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
  readonly dataFolder: string;
  readonly log: Logger;
  readonly metrics: Metrics;
}

const ARGS_MAX = 1024 * 1024;
const LINE_BYTES_MAX = 64 * 1024;

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
        maxclients: settings.clientsMax,
        protectedMode: settings.protectedMode,
        appendfsync: settings.fsync === 'never' ? 'no' : settings.fsync,
      },
    });
    this.engine.log = context.log;
    this.engine.acl.setDefaultPassword(settings.password?.reveal() ?? '');
    this.server = new KvServer(this.engine, {
      argsMax: ARGS_MAX,
      bulkBytesMax: this.engine.settings.protoMaxBulkLen,
      lineBytesMax: LINE_BYTES_MAX,
    });
  }

  async start(): Promise<void> {
    this.state = 'starting';
    try {
      if (this.settings.aclFile !== undefined) this.loadUsers(this.settings.aclFile);
      if (this.settings.persistence) await this.recover();
      this.tick = new Tick(this.server, this.persistence);
      await this.listen();
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
    this.persistence = await Persistence.open({
      engine,
      disk: context.disk,
      clock: context.clock,
      random: context.random,
      log: context.log,
      folder: context.dataFolder,
      policy: settings.fsync,
      segmentBytes: settings.logSegmentBytes,
      checkpointLogBytes: settings.checkpointLogBytes,
    });
    engine.persistence = this.persistence;
    this.server.useLog(this.persistence.log);
    context.log.info('recovered', { ...this.persistence.recovery, keys: engine.keyspace.keys });
  }

  private async release(): Promise<void> {
    this.tick?.stop();
    await this.server.stop();
    await this.persistence?.close();
  }

  private async listen(): Promise<void> {
    const { settings } = this;
    const transport = await createNodeTransport();
    const common = { transport, clock: this.context.clock, connectionsMax: settings.clientsMax };
    const { bind: host } = settings;
    const listener = await this.server.listen({
      ...common,
      address: { host, port: settings.port },
    });
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
    return {
      state: this.state,
      listening: this.listening,
      facts: {
        keys: keyspace.keys,
        memoryBytes: keyspace.usedBytes,
        clients: sessions.count,
        commands: stats.commands,
      },
    };
  }
}

/** Makes the store; `start` brings it up. */
export function createKv(settings: KvSettings, context: KvContext): Kv {
  return new Kv(settings, context);
}
