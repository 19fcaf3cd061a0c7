/**
 * Blocks on several nodes: written by pipelines, read from whoever has them, deleted wherever they are.
 *
 * Invariant: a block is known to the cluster's state before it is named, and until nobody names or reads it.
 */
import type { Logger } from '../../core/observe/index.ts';
import type { Clock } from '../../core/runtime/index.ts';
import type { BlockStore } from '../blocks/block-store.ts';
import type { BlockName } from '../blocks/format.ts';
import type { Cluster, Wanted } from '../cluster/index.ts';
import { FilesError } from '../errors.ts';
import type { NewBlock } from '../namespace/extents.ts';
import type { BlockNumbers } from '../objects/block-numbers.ts';
import type { BlockSink, Blocks } from '../objects/blocks.ts';
import type { BlockPlaces, Replicas } from '../objects/file-system.ts';
import type { DataClient } from '../transfer/data-client.ts';
import { PipelineSink } from '../transfer/pipeline-sink.ts';
import type { DeleteQueue } from './delete-queue.ts';
import type { Mover } from './mover.ts';
import { readReplicas } from './read-replicas.ts';

/** Id of the node whose disks are those of this process. */
export const LOCAL = 'local';
const FIRST_STAMP = 1;
/** When enough nodes have a small block, the others have this long to be counted. */
const LATE_MS = 500;

export interface ClusterBlocksOptions {
  readonly cluster: Cluster;
  readonly store: BlockStore;
  readonly client: DataClient;
  readonly mover: Mover;
  readonly deletes: DeleteQueue;
  readonly numbers: Pick<BlockNumbers, 'next'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly replicasMin: number;
  onClose(): Promise<void>;
}

export class ClusterBlocks implements Blocks, Replicas {
  /** Numbers that were given out and whose blocks the cluster does not know yet. */
  readonly writing = new Set<number>();
  private readonly options: ClusterBlocksOptions;

  constructor(options: ClusterBlocksOptions) {
    this.options = options;
  }

  get freeBytes(): number {
    const { nodes } = this.options.cluster.status(this.options.clock.monotonicMs(), 0);
    return nodes
      .filter(({ state, admin }) => state === 'live' && admin === 'in-service')
      .reduce((sum, { freeBytes }) => sum + freeBytes, 0);
  }

  async put(data: Buffer, replication: number): Promise<NewBlock> {
    const block = await this.options.numbers.next();
    this.writing.add(block);
    const name = { block, stamp: FIRST_STAMP };
    const durable: string[] = [];
    try {
      await this.putOn(name, data, replication, durable);
      this.durable({ ...name, length: data.length }, replication, durable);
      return { ...name, length: data.length };
    } catch (error) {
      await Promise.all(durable.map((id) => this.options.deletes.add(id, [name])));
      throw error;
    } finally {
      this.writing.delete(block);
    }
  }

  /** @param durable grows by the nodes that have it. @throws FilesError 'no-nodes', 'disk-full' and others. */
  private async putOn(
    name: BlockName,
    data: Buffer,
    replication: number,
    durable: string[],
  ): Promise<void> {
    const min = this.replicasMin(replication);
    const tried = new Set<string>();
    let failure: FilesError | undefined;
    while (durable.length < min) {
      let nodes: readonly string[];
      try {
        nodes = this.targets(replication - durable.length, data.length, tried);
      } catch (error) {
        throw failure ?? error;
      }
      for (const id of nodes) tried.add(id);
      failure = (await this.putOnce(name, data, nodes, min, durable)) ?? failure;
    }
  }

  /** @returns the failure of one of the nodes. */
  private async putOnce(
    name: BlockName,
    data: Buffer,
    nodes: readonly string[],
    min: number,
    durable: string[],
  ): Promise<FilesError | undefined> {
    const { clock } = this.options;
    let failure: FilesError | undefined;
    let left = nodes.length;
    let isOver = false;
    await new Promise<void>((resolve, reject) => {
      for (const id of nodes) {
        this.putTo(id, name, data)
          .then(
            () => {
              if (!isOver) durable.push(id);
            },
            (error: unknown) => {
              if (!(error instanceof FilesError)) reject(error);
              else failure = this.nodeFailed(id, error);
            },
          )
          .finally(() => {
            left--;
            if (left === 0) resolve();
            // A node that does not answer is not waited for by those who have enough.
            else if (durable.length >= min) clock.setTimer(LATE_MS, resolve).unref();
          });
      }
    });
    isOver = true;
    return failure;
  }

  private putTo(id: string, name: BlockName, data: Buffer): Promise<void> {
    const { store, client } = this.options;
    if (id === LOCAL) return store.put(name, data);
    const address = this.address(id);
    if (address === undefined) return Promise.reject(new FilesError('node-gone', id));
    return client.put(address, name, data);
  }

  async begin(bytesMax: number, replication: number): Promise<BlockSink> {
    const { store, client, mover, numbers } = this.options;
    const taken: number[] = [];
    const release = (): void => {
      for (const block of taken.splice(0)) this.writing.delete(block);
    };
    try {
      const sink = await PipelineSink.begin({
        ...{ store, client, bytesMax, replication, local: LOCAL },
        replicasMin: this.replicasMin(replication),
        address: (id) => this.address(id),
        number: async () => {
          const block = await numbers.next();
          this.writing.add(block);
          taken.push(block);
          return block;
        },
        targets: (count, bytes, exclude) => this.targets(count, bytes, exclude),
        onDurable: (block, nodes) => this.durable(block, replication, nodes),
        copy: (block, from, to) => mover.copy({ ...block, from, to }),
        discard: (blocks) => this.delete(blocks),
        onNodeFailed: (id, error) => void this.nodeFailed(id, error),
      });
      return new HeldSink(sink, release);
    } catch (error) {
      release();
      throw error;
    }
  }

  read(name: BlockName, from: number, to: number): AsyncGenerator<Buffer, void, undefined> {
    const { cluster, store, client, clock, logger } = this.options;
    return readReplicas(
      { cluster, store, client, clock, logger, local: LOCAL },
      { ...name, from, to },
    );
  }

  async delete(names: readonly BlockName[]): Promise<void> {
    const { cluster } = this.options;
    const byNode = new Map<string, BlockName[]>();
    for (const { block } of names) {
      for (const { node, stamp } of cluster.forget(block)) {
        const of = byNode.get(node) ?? [];
        of.push({ block, stamp });
        byNode.set(node, of);
      }
    }
    await Promise.all([...byNode].map(([id, of]) => this.options.deletes.add(id, of)));
  }

  damaged(block: number, stamp: number): void {
    this.options.cluster.corrupt(LOCAL, block, stamp);
  }

  places({ block, stamp }: BlockName): BlockPlaces {
    const { nodes, corrupt } = this.options.cluster.located(block, stamp);
    return {
      nodes: nodes.map(({ node, address, rack }) =>
        node === LOCAL ? { rack } : { address, rack },
      ),
      corrupt,
    };
  }

  private durable(block: NewBlock, replication: number, nodes: readonly string[]): void {
    const wanted: Wanted = { ...block, replication };
    this.options.cluster.expect(wanted, nodes);
    this.writing.delete(block.block);
  }

  private replicasMin(replication: number): number {
    return Math.min(replication, this.options.replicasMin);
  }

  private targets(
    replication: number,
    bytes: number,
    exclude: ReadonlySet<string>,
  ): readonly string[] {
    const writer = { node: LOCAL };
    const targets = this.options.cluster.targets({ replication, bytes, exclude, writer });
    if (!targets.found) throw new FilesError(targets.why);
    return targets.nodes;
  }

  private address(id: string): string | undefined {
    return this.options.cluster.address(id);
  }

  private nodeFailed(id: string, error: FilesError): FilesError {
    this.options.logger.warn('a DataNode did not take a block', { node: id, err: error });
    return error;
  }

  close(): Promise<void> {
    return this.options.onClose();
  }
}

/** Its numbers are those of somebody who writes until it is over. */
class HeldSink implements BlockSink {
  private readonly sink: PipelineSink;
  private readonly release: () => void;

  constructor(sink: PipelineSink, release: () => void) {
    this.sink = sink;
    this.release = release;
  }

  get length(): number {
    return this.sink.length;
  }

  write(bytes: Buffer): Promise<void> | undefined {
    return this.sink.write(bytes);
  }

  async finish(): Promise<readonly NewBlock[]> {
    const blocks = await this.sink.finish();
    this.release();
    return blocks;
  }

  async abort(): Promise<void> {
    await this.sink.abort();
    this.release();
  }
}
