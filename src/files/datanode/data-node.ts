/**
 * A process that keeps blocks: its disks, the server for those who write and read them, the connection to the NameNode.
 *
 * Its disks are opened once it is known of which file system they are: at the start, or when it joins for the first time.
 */
import type { Logger } from '../../core/observe/index.ts';
import {
  type Clock,
  type Disk,
  errorCode,
  type Network,
  type Random,
} from '../../core/runtime/index.ts';
import { LsmError, type LsmWorker } from '../../core/store/index.ts';
import { BlockStore } from '../blocks/block-store.ts';
import type { BlockName } from '../blocks/format.ts';
import { Scrub, type ScrubStatus } from '../blocks/scrub.ts';
import { FilesError } from '../errors.ts';
import { DataClient } from '../transfer/data-client.ts';
import { DataServer } from '../transfer/data-server.ts';
import type { Credentials } from '../transfer/handshake.ts';
import type {
  Beat,
  ChangeKind,
  DiskFacts,
  Registration,
  ReportedReplica,
  StoredReplica,
} from '../transfer/messages.ts';
import { ControlClient, type ControlState } from './control-client.ts';
import { NodeIdentity } from './node-identity.ts';

const HOUR_MS = 3_600_000;
const ANY = ['0.0.0.0', '::'];

export interface DataNodeOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly network: Network;
  /** Holds the index of blocks. */
  readonly folder: string;
  readonly disks: readonly string[];
  readonly reserveBytes: number;
  readonly scrubBytesPerSecond: number;
  readonly worker: () => LsmWorker;
  /** Of the NameNode, `host:port`. */
  readonly join: string;
  readonly secret: string;
  readonly rack: string;
  readonly listen: { readonly host: string; readonly port: number };
  /** `host:port` by which others reach it; left out: where it listens. */
  readonly advertised?: string;
  readonly connectionsMax: number;
}

/** What there was on its disks when it told all of it. */
export interface ReportedBlocks {
  readonly blocks: number;
  readonly bytes: number;
  readonly damaged: number;
  /** By the monotonic clock. */
  readonly endedMs: number;
}

export interface DataNodeStatus {
  readonly control: ControlState;
  readonly transfers: number;
  readonly disks: BlockStore['status'];
  readonly freeBytes: number;
  /** Left out: it has not told yet. */
  readonly reported?: ReportedBlocks;
  readonly scrub?: ScrubStatus;
}

interface Opened {
  readonly store: BlockStore;
  readonly server: DataServer;
  readonly scrub: Scrub;
}

export class DataNode {
  readonly identity: NodeIdentity;
  /** Where it listens; port 0: it does not yet. */
  readonly host: string;
  port = 0;
  private readonly options: DataNodeOptions;
  private readonly client: DataClient;
  private readonly control: ControlClient;
  private opened: Promise<Opened> | undefined;
  private parts: Opened | undefined;
  private counting = { blocks: 0, bytes: 0, damaged: 0 };
  private reported: ReportedBlocks | undefined;
  private stopped = false;

  private constructor(options: DataNodeOptions, identity: NodeIdentity) {
    const { clock, random, logger, network } = options;
    this.options = options;
    this.identity = identity;
    this.host = options.listen.host;
    const credentials = (): Credentials => ({
      secret: options.secret,
      identity: this.identity.owner,
    });
    this.client = new DataClient({ dial: network.dial, clock, random, credentials });
    this.control = new ControlClient({
      ...{ dial: network.dial, clock, random, logger, credentials },
      address: options.join,
      joined: (owner, localAddress) => this.joined(owner, localAddress),
      beat: () => this.beat(),
      page: (above, max) => this.page(above, max),
    });
  }

  /** @throws FilesError, LsmError, ListenError, the disk's errors: nothing is left open then. */
  static async open(options: DataNodeOptions): Promise<DataNode> {
    const { disk, random, folder } = options;
    disk.mkdirSync(folder);
    const identity = NodeIdentity.open(disk, random, folder);
    const node = new DataNode(options, identity);
    try {
      if (identity.owner !== '') await node.openStore();
    } catch (error) {
      await node.close();
      throw error;
    }
    node.control.start();
    return node;
  }

  private async openStore(): Promise<Opened> {
    this.opened ??= this.openStoreNow().catch((error: unknown) => {
      this.opened = undefined;
      throw error;
    });
    this.parts = await this.opened;
    return this.parts;
  }

  private async openStoreNow(): Promise<Opened> {
    const { disk, clock, random, logger, folder, disks, reserveBytes, network } = this.options;
    const store = await BlockStore.open({
      ...{ disk, clock, random, logger, reserveBytes },
      folder: `${folder}/blocks`,
      disks: disks.length > 0 ? disks : [`${folder}/disk`],
      owner: this.identity.owner,
      worker: this.options.worker(),
    });
    store.onHealed = (replica) => this.tell('whole', replica);
    const server = new DataServer({
      ...{ store, client: this.client, clock, random, logger },
      connectionsMax: this.options.connectionsMax,
      credentials: () => ({ secret: this.options.secret, identity: this.identity.owner }),
      onStored: (replica) => this.tell('received', replica),
      onRemoved: (names) => {
        for (const name of names) this.tell('removed', { ...name, length: 0 });
      },
      onCorrupt: (name, error) => this.damaged(name, error),
    });
    const scrub = new Scrub({
      ...{ store, clock },
      bytesPerSecond: this.options.scrubBytesPerSecond,
      pauseMs: HOUR_MS,
      onBad: (name, error) => this.damaged(name, error),
    });
    try {
      this.port = await server.listen(network, this.options.listen);
    } catch (error) {
      await store.close();
      throw error;
    }
    scrub.start();
    return { store, server, scrub };
  }

  private async joined(owner: string, localAddress: string): Promise<Registration> {
    if (this.stopped) throw new FilesError('closed');
    try {
      if (this.identity.owner === '') this.identity.join(owner);
      await this.openStore();
    } catch (error) {
      const isOurs = error instanceof FilesError || error instanceof LsmError;
      if (isOurs || errorCode(error) === 'UNKNOWN') throw error;
      // The disks or the port can not be had now: it is tried again.
      throw new FilesError('io', 'the DataNode can not begin', error);
    }
    const { listen, rack, advertised } = this.options;
    const host = ANY.includes(listen.host) ? localAddress : listen.host;
    const address = advertised ?? `${host.includes(':') ? `[${host}]` : host}:${this.port}`;
    return { id: this.identity.id, address, rack, disks: this.disks };
  }

  private get disks(): readonly DiskFacts[] {
    return (this.parts?.store.status ?? []).map(({ id, state, freeBytes, totalBytes }) => {
      return { id, state, freeBytes, totalBytes };
    });
  }

  private beat(): Beat {
    return { transfers: this.parts?.server.transfers ?? 0, disks: this.disks };
  }

  private async page(above: number, max: number): Promise<readonly ReportedReplica[]> {
    const { store } = await this.openStore();
    // What the disks hold and the index has lost is found first: a report tells of all.
    if (above === 0) await store.swept();
    const page: ReportedReplica[] = [];
    await store.each(above, ({ block, stamp, length, isDamaged = false }) => {
      return page.push({ block, stamp, length, isCorrupt: isDamaged }) < max;
    });
    this.count(page, above === 0, page.length < max);
    return page;
  }

  private count(page: readonly ReportedReplica[], isFirst: boolean, isLast: boolean): void {
    if (isFirst) this.counting = { blocks: 0, bytes: 0, damaged: 0 };
    const { counting } = this;
    counting.blocks += page.length;
    for (const { length, isCorrupt } of page) {
      counting.bytes += length;
      if (isCorrupt) counting.damaged++;
    }
    if (isLast) this.reported = { ...counting, endedMs: this.options.clock.monotonicMs() };
  }

  private tell(kind: ChangeKind, replica: StoredReplica): void {
    this.control.changed({ kind, ...replica });
  }

  private damaged(name: BlockName, error: FilesError): void {
    this.options.logger.error('a block is damaged', { block: name.block, err: error });
    this.tell('corrupt', { ...name, length: 0 });
  }

  get status(): DataNodeStatus {
    const { store, server, scrub } = this.parts ?? {};
    return {
      ...(this.reported !== undefined && { reported: this.reported }),
      ...(scrub !== undefined && { scrub: scrub.status }),
      control: this.control.state,
      transfers: server?.transfers ?? 0,
      disks: store?.status ?? [],
      freeBytes: store?.freeBytes ?? 0,
    };
  }

  async close(): Promise<void> {
    if (this.stopped) return;
    this.stopped = true;
    await this.control.stop();
    this.client.close();
    const opened = await this.opened?.catch(() => undefined);
    if (opened === undefined) return;
    await opened.scrub.stop();
    await opened.server.close();
    await opened.store.close();
  }
}
