/**
 * The NameNode's part of several DataNodes: who is there, where the blocks are, what is to be done. Blocks are written and
 * read by `blocks`.
 *
 * Start: safe mode until the nodes that were there before have reported, or a minute has passed.
 */
import type { Logger } from '../../core/observe/index.ts';
import type { Clock, Disk, Network, Random } from '../../core/runtime/index.ts';
import {
  type Admin,
  type Cluster,
  ClusterState,
  type ClusterStatus,
  type Lookup,
  type Replica,
} from '../cluster/index.ts';
import { FilesError } from '../errors.ts';
import type { StorageParts } from '../objects/file-system.ts';
import { DataClient } from '../transfer/data-client.ts';
import { translated } from '../translate.ts';
import { Census } from './census.ts';
import { ClusterBlocks, LOCAL } from './cluster-blocks.ts';
import { ControlServer } from './control-server.ts';
import { DeleteQueue } from './delete-queue.ts';
import { KnownNodes } from './known-nodes.ts';
import { LocalNode } from './local-node.ts';
import { Mover } from './mover.ts';
import { NamelessReplicas } from './nameless-replicas.ts';
import { ReplicaVerifier } from './replica-verifier.ts';
import { lookupOf } from './wanted.ts';
import { WorkLoop } from './work-loop.ts';

export interface NameNodeOptions extends StorageParts {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly network: Network;
  /** Holds the list of nodes. */
  readonly folder: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly secret: string;
  readonly rack: string;
  /** Whether new blocks go to the disks of this process too; else those that are there leave them. */
  readonly isLocal: boolean;
  readonly replicasMin: number;
  /** Nodes by id or address that are to be emptied, and that will be away. */
  readonly decommission: readonly string[];
  readonly maintenance: readonly string[];
  readonly deadMs?: number;
  readonly safeModeMs?: number;
  readonly namelessMs?: number;
  readonly repairBytesPerSecond?: number;
}

/** What nobody names goes so long after it was reported. */
const NAMELESS_MS = 60_000;

export class NameNode {
  readonly cluster: Cluster;
  readonly nameless: NamelessReplicas;
  /** Closes all of it when it is closed. */
  readonly blocks: ClusterBlocks;
  /** Where it listens for DataNodes. */
  readonly host: string;
  port = 0;
  private readonly options: NameNodeOptions;
  private readonly known: KnownNodes;
  private readonly client: DataClient;
  private readonly mover: Mover;
  private readonly local: LocalNode;
  private readonly control: ControlServer;
  private readonly census: Census;
  private readonly loop: WorkLoop;
  private readonly deletes: DeleteQueue;
  private readonly admins = new Map<string, Admin>();
  private decommission: readonly string[];
  private maintenance: readonly string[];
  private closed = false;

  private constructor(options: NameNodeOptions) {
    const { disk, clock, random, logger, network, namespace, store, numbers } = options;
    const { deadMs, safeModeMs, repairBytesPerSecond } = options;
    this.options = options;
    this.decommission = options.decommission;
    this.maintenance = options.maintenance;
    this.host = options.listen.host;
    this.known = KnownNodes.open(disk, options.folder);
    this.cluster = new ClusterState({
      random,
      startedMs: clock.monotonicMs(),
      expectedNodes: [LOCAL, ...this.known.all],
      // Those that are written are known to be held.
      orphansBelow: Number.MAX_SAFE_INTEGER,
      ...(deadMs !== undefined && { deadMs }),
      ...(safeModeMs !== undefined && { safeModeMs }),
      ...(repairBytesPerSecond !== undefined && { repairBytesPerSecond }),
    });
    const { cluster } = this;
    const credentials = { secret: options.secret, identity: options.identity };
    this.client = new DataClient({
      ...{ clock, random },
      dial: network.dial,
      credentials: () => credentials,
    });
    const { client } = this;
    this.mover = new Mover({ cluster, store, client, local: LOCAL });
    const { mover } = this;
    this.deletes = new DeleteQueue({
      ...{ clock, logger },
      delete: (node, names) => mover.delete(node, names),
    });
    const { deletes } = this;
    const { replicasMin } = options;
    this.blocks = new ClusterBlocks({
      ...{ cluster, store, client, mover, deletes, numbers, clock, logger, replicasMin },
      onClose: () => this.close(),
    });
    const lookup = (blocks: readonly number[]): Promise<Lookup> =>
      lookupOf(
        {
          block: (block) => namespace.reader.block(block),
          isWritten: (block) => this.blocks.writing.has(block),
        },
        blocks,
      );
    this.nameless = new NamelessReplicas({
      ...{ cluster, logger, lookup },
      graceMs: options.namelessMs ?? NAMELESS_MS,
      delete: (node, names) => void deletes.add(node, names),
    });
    const onOrphans = (node: string, replicas: readonly Replica[]): void => {
      this.nameless.add(node, replicas, clock.monotonicMs());
    };
    const onError = (error: unknown): void => this.failed('own blocks are reported later', error);
    store.onHealed = (replica) => cluster.whole(LOCAL, replica);
    this.local = new LocalNode({
      ...{ id: LOCAL, rack: options.rack, address: LOCAL, store, cluster, lookup },
      ...{ onOrphans, onError },
    });
    this.control = new ControlServer({
      ...{ cluster, known: this.known, clock, random, logger, credentials, lookup, onOrphans },
    });
    this.census = new Census({
      ...{ reader: namespace.reader, cluster, clock },
      onError: (error) => logger.error('blocks could not be counted', { err: error }),
    });
    const onTick = (nowMs: number): void => {
      this.local.beat(nowMs);
      this.applyAdmin();
      this.nameless.tick(nowMs);
    };
    this.loop = new WorkLoop({ cluster, mover, clock, logger, onTick });
  }

  /** @throws ListenError, FilesError 'corrupt', the disk's errors: nothing is left open then. */
  static async open(options: NameNodeOptions): Promise<NameNode> {
    const node = new NameNode(options);
    node.port = await node.control.listen(options.network, options.listen);
    node.begin();
    return node;
  }

  private begin(): void {
    const nowMs = this.options.clock.monotonicMs();
    this.local.register(nowMs);
    this.applyAdmin();
    this.local.report(nowMs);
    this.census.start();
    this.loop.start();
  }

  /** What is wanted of nodes has changed. */
  setAdmin(wanted: Pick<NameNodeOptions, 'decommission' | 'maintenance'>): void {
    this.decommission = wanted.decommission;
    this.maintenance = wanted.maintenance;
    this.applyAdmin();
  }

  /** Nodes may be named by their address, which is known once they are there: it is looked at each second. */
  private applyAdmin(): void {
    const { cluster, decommission, maintenance } = this;
    for (const id of [LOCAL, ...this.known.all]) {
      const address = cluster.address(id) ?? id;
      const isIn = (names: readonly string[]): boolean =>
        names.includes(id) || names.includes(address);
      const leaves = isIn(decommission) || (id === LOCAL && !this.options.isLocal);
      const admin = leaves ? 'decommission' : isIn(maintenance) ? 'maintenance' : 'in-service';
      if (this.admins.get(id) === admin) continue;
      this.admins.set(id, admin);
      cluster.setAdmin(id, admin);
    }
  }

  private failed(what: string, thrown: unknown): void {
    const error = translated(thrown, 'files');
    if (!(error instanceof FilesError)) throw error;
    if (!this.closed) this.options.logger.warn(what, { err: error });
  }

  status(ledgerMax?: number): ClusterStatus {
    return this.cluster.status(this.options.clock.monotonicMs(), ledgerMax);
  }

  /** For one who looks at all replicas; to be closed. */
  verifier(): ReplicaVerifier {
    const { cluster, client, options } = this;
    return new ReplicaVerifier({ cluster, client, local: options.store.verifier() });
  }

  /** Takes a dead node from the list for good. False: it is not dead. @throws the disk's errors. */
  forgetNode(id: string): boolean {
    if (!this.cluster.forgetNode(id)) return false;
    this.known.remove(id);
    return true;
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    const reporting = this.local.stop();
    await this.control.close();
    await this.census.stop();
    this.client.close();
    await this.loop.stop();
    await reporting;
    await this.nameless.stop();
    await this.deletes.idle();
  }
}
