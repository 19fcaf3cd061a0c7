/**
 * The file system as a system of the process: namespace, blocks and doors, in one process.
 *
 * Start: the namespace and the blocks first, then the doors, so that nobody is let in before all is there.
 */
import type {
  Listening,
  Operation,
  System,
  SystemState,
  SystemStatus,
} from '../core/base/index.ts';
import { type Prepared, Secret } from '../core/config/index.ts';
import type { Logger, MetricSpec, Metrics } from '../core/observe/index.ts';
import type { Clock, Disk, Network, Random, Threads } from '../core/runtime/index.ts';
import {
  boundMemory,
  coreCount,
  createNodeNetwork,
  createNodeTransport,
} from '../core/runtime/node/index.ts';
import { createLsmWorkers } from '../core/store/index.ts';
import { type GeneratedKey, generatedKey } from './access-key.ts';
import { dataNodeOperations } from './admin/data-node.ts';
import { FilesAdmin } from './admin/operations.ts';
import { clusterFacts, clusterMetrics, dataNodeFacts } from './cluster-metrics.ts';
import type { FilesSettings } from './config/config.ts';
import type { DataNode } from './datanode/data-node.ts';
import { generatedEncryptionKey } from './encryption-key.ts';
import { digestThreadsMax } from './limits.ts';
import { CallCounts, filesMetrics } from './metrics.ts';
import type { NameNode } from './namenode/name-node.ts';
import { FileSystem, type FileSystemOptions } from './objects/file-system.ts';
import { NamespaceObjectStore } from './objects/object-store.ts';
import { adminOf, openDataNode, openNameNode } from './roles.ts';
import { S3Listener, type S3Settings } from './s3/index.ts';
import { WebHdfsListener } from './webhdfs/index.ts';

/**
 * Cores that are busy when large objects come: the loop and the system's own work, or the client. Where there are no
 * more, threads for digests cost more than they give: with three DataNodes on two cores a third of the rate.
 */
const BUSY_CORES = 2;

export interface FilesContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
  readonly threads: Threads;
  readonly dataFolder: string;
  readonly log: Logger;
  readonly metrics: Metrics;
}

export class Files implements System {
  readonly name = 'files';
  private settings: FilesSettings;
  private readonly context: FilesContext;
  private readonly s3Calls = new CallCounts();
  private readonly webHdfsCalls = new CallCounts();
  private readonly ownMetrics: readonly MetricSpec[];
  private state: SystemState = 'idle';
  private system: FileSystem | undefined;
  /** With several DataNodes: one of these. */
  private nameNode: NameNode | undefined;
  private dataNode: DataNode | undefined;
  private s3: S3Listener | undefined;
  private webHdfs: WebHdfsListener | undefined;
  private admin: FilesAdmin | undefined;
  private nodeOperations: readonly Operation[] = [];
  private key: GeneratedKey | undefined;

  constructor(settings: FilesSettings, context: FilesContext) {
    this.settings = settings;
    this.context = context;
    this.ownMetrics = [
      ...filesMetrics({ s3: this.s3Calls, webhdfs: this.webHdfsCalls }, () => this.system),
      ...clusterMetrics(
        () => this.nameNode,
        () => this.dataNode,
      ),
    ];
  }

  async start(): Promise<void> {
    this.state = 'starting';
    try {
      this.context.metrics.add(this.ownMetrics);
      const { join } = this.settings;
      if (join === undefined) await this.openFiles();
      else await this.openNode(join);
      this.state = 'ready';
    } catch (error) {
      await this.release();
      this.state = 'failed';
      throw error;
    }
  }

  private async openNode(nameNode: string): Promise<void> {
    const { rack, advertised, scrubBytes } = this.settings;
    const node = await openDataNode(this.settings, await this.roleContext(), nameNode);
    this.dataNode = node;
    this.nodeOperations = dataNodeOperations({
      ...{ node, clock: this.context.clock, rack, nameNode, advertised },
      scrubBytesPerSecond: scrubBytes,
    });
  }

  private async openFiles(): Promise<void> {
    // Who holds the namespace has the memory of a million files to bound; a DataNode would only collect more often.
    boundMemory();
    const system = await this.openSystem();
    this.system = system;
    this.admin = new FilesAdmin({
      files: system,
      clock: this.context.clock,
      scrubBytesPerSecond: this.settings.scrubBytes,
      nameNode: this.nameNode,
    });
    const { recovery } = system.namespace;
    const { files, directories } = system.total;
    this.context.log.info('the namespace is there', { ...recovery, files, directories });
    const store = new NamespaceObjectStore(system);
    if (this.settings.s3.enabled) await this.openS3(store);
    if (this.settings.webhdfs.enabled) await this.openWebHdfs(system, store);
  }

  private async roleContext(): Promise<FilesContext & { readonly network: Network }> {
    return { ...this.context, network: createNodeNetwork(await createNodeTransport()) };
  }

  private async openSystem(): Promise<FileSystem> {
    const { clock, random, disk, threads, dataFolder, log } = this.context;
    const { disks, blockBytes, reserveBytes, scrubBytes, replication } = this.settings;
    const workers = createLsmWorkers(threads);
    return FileSystem.open({
      ...(await this.severalNodes()),
      ...{ disk, clock, random, disks, blockBytes, reserveBytes, replication },
      folder: dataFolder,
      logger: log,
      scrubBytesPerSecond: scrubBytes,
      worker: () => workers.worker(),
    });
  }

  /** Where the blocks are, when DataNodes may join. */
  private async severalNodes(): Promise<Pick<FileSystemOptions, 'storage'>> {
    const { listen } = this.settings.cluster;
    if (listen === undefined) return {};
    const context = await this.roleContext();
    return {
      storage: async (parts) => {
        this.nameNode = await openNameNode(this.settings, context, listen, parts);
        return this.nameNode.blocks;
      },
    };
  }

  private async openS3(store: NamespaceObjectStore): Promise<void> {
    const { clock, random, disk, threads, log } = this.context;
    this.s3 = await S3Listener.open({
      ...{ clock, random, disk, threads, log },
      digestThreadsMax: Math.max(0, Math.min(coreCount() - BUSY_CORES, digestThreadsMax)),
      settings: this.withKey(this.settings.s3),
      store,
      transport: await createNodeTransport(),
      events: {
        onRequestEnd: () => {},
        onRefused: () => {},
        onCall: (operation, status, ms) => this.s3Calls.note(operation, status, ms),
      },
    });
  }

  private async openWebHdfs(files: FileSystem, store: NamespaceObjectStore): Promise<void> {
    const { clock, random, disk, log } = this.context;
    this.webHdfs = await WebHdfsListener.open({
      ...{ clock, random, disk, log, files },
      settings: this.settings.webhdfs,
      transport: await createNodeTransport(),
      events: {
        onRequestEnd: () => {},
        onRefused: () => {},
        onCall: (operation, status, ms) => this.webHdfsCalls.note(operation, status, ms),
      },
      onRootChange: () => store.forgetBuckets(),
    });
  }

  /** A door without access keys would let nobody in: it gets one that whoever may read the data can read. */
  private withKey(given: S3Settings): S3Settings {
    const settings = this.withEncryptionKey(given);
    if (settings.users.length > 0) return settings;
    const { disk, random, dataFolder, log } = this.context;
    const key = generatedKey(disk, random, dataFolder);
    this.key = key;
    if (key.isNew) log.info('an access key was made', { file: key.path });
    const user = {
      name: 'plinth',
      keyId: key.id,
      secret: new Secret(key.secret),
      user: undefined,
      displayName: undefined,
      email: undefined,
      admin: true,
    };
    return { ...settings, users: [user] };
  }

  /** Whoever asks for encryption by a key of the server gets it, without a word in the configuration. */
  private withEncryptionKey(settings: S3Settings): S3Settings {
    if (settings.encryptionKey !== undefined) return settings;
    const { disk, random, dataFolder, log } = this.context;
    const { key, path, isNew } = generatedEncryptionKey(disk, random, dataFolder);
    if (isNew) log.info('a key for the encryption of objects was made', { file: path });
    if (key === undefined) log.error('the file of the encryption key says none', { file: path });
    return key === undefined ? settings : { ...settings, encryptionKey: new Secret(key) };
  }

  /** What the doors take over while they run is tried here, and taken back when somebody else refuses. */
  async prepare(next: FilesSettings): Promise<Prepared> {
    const before = this.settings;
    this.s3?.apply(this.withKey(next.s3));
    try {
      this.webHdfs?.apply(next.webhdfs);
    } catch (error) {
      this.s3?.apply(this.withKey(before.s3));
      throw error;
    }
    return {
      commit: () => {
        this.settings = next;
        this.nameNode?.setAdmin(adminOf(next));
      },
      abort: () => {
        this.s3?.apply(this.withKey(before.s3));
        this.webHdfs?.apply(before.webhdfs);
      },
    };
  }

  async drain(deadlineMs: number): Promise<void> {
    this.state = 'draining';
    await Promise.all([this.s3?.drain(deadlineMs), this.webHdfs?.drain(deadlineMs)]);
  }

  async stop(): Promise<void> {
    await this.release();
    this.state = 'stopped';
  }

  private async release(): Promise<void> {
    this.context.metrics.remove(this.ownMetrics);
    const { s3, webHdfs, system, dataNode } = this;
    this.nameNode = undefined;
    this.dataNode = undefined;
    this.s3 = undefined;
    this.webHdfs = undefined;
    this.admin = undefined;
    this.nodeOperations = [];
    this.system = undefined;
    await s3?.stop();
    await webHdfs?.stop();
    await system?.close();
    await dataNode?.close();
  }

  /** None while it does not run. */
  operations(): readonly Operation[] {
    return this.admin?.operations ?? this.nodeOperations;
  }

  status(): SystemStatus {
    const { system, s3, webHdfs, nameNode, dataNode } = this;
    const listening: Listening[] = [];
    if (s3 !== undefined) listening.push(s3.listening);
    if (webHdfs !== undefined) listening.push(webHdfs.listening);
    if (nameNode !== undefined) {
      const { host, port } = nameNode;
      listening.push({ protocol: 'DataNodes', host, port });
    }
    const { state } = this;
    if (dataNode !== undefined) {
      const { host, port } = dataNode;
      if (port > 0) listening.push({ protocol: 'blocks', host, port });
      return { state, listening, facts: dataNodeFacts(dataNode) };
    }
    if (system === undefined) return { state, listening, facts: {} };
    return { state, listening, facts: this.factsOf(system) };
  }

  private factsOf(system: FileSystem): SystemStatus['facts'] {
    const { nameNode, key } = this;
    const { files, directories, bytes } = system.total;
    const disks = system.blocks.status;
    return {
      files,
      directories,
      sizeBytes: bytes,
      freeBytes: system.storage.freeBytes,
      disks: disks.length,
      disksLeftOut: disks.filter(({ state }) => state !== 'open').length,
      damagedBlocks: system.damaged.size,
      ...(nameNode !== undefined && clusterFacts(nameNode)),
      ...(key !== undefined && { accessKeyFile: key.path }),
    };
  }
}

/** Makes the file system; `start` brings it up. */
export function createFiles(settings: FilesSettings, context: FilesContext): Files {
  return new Files(settings, context);
}
