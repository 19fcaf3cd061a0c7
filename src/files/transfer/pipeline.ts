/**
 * One block on its way to several nodes at once: the disks of this process when they are among them, and a chain of
 * the others.
 *
 *     opening ──▶ open ──end()──▶ over
 *        │         └──a node fails──▶ broken ──settle()──▶ over
 *        └──a node fails──▶ NodeFailed
 */
import type { BlockStore } from '../blocks/block-store.ts';
import type { BlockWriter } from '../blocks/block-writer.ts';
import type { BlockName } from '../blocks/format.ts';
import { FilesError } from '../errors.ts';
import { ChainBroken, type ChainWrite } from './chain-write.ts';
import type { DataClient } from './data-client.ts';
import type { Piece } from './piece.ts';

export interface PipelineNodes {
  /** Id of the node that is in this process. */
  readonly local: string;
  readonly store: BlockStore;
  readonly client: DataClient;
  /** Undefined: it is not known any more. */
  address(id: string): string | undefined;
}

/** A node could not begin a block. */
export class NodeFailed extends FilesError {
  readonly node: string;

  constructor(node: string, error: FilesError) {
    super(error.code, `node ${node}`, error);
    this.node = node;
  }
}

export class Pipeline {
  readonly name: BlockName;
  readonly nodes: readonly string[];
  /** More is acknowledged, or something has failed. */
  onProgress: () => void = () => {};
  private readonly world: PipelineNodes;
  private readonly local: BlockWriter | undefined;
  private readonly chain: ChainWrite | undefined;
  /** In the order of the chain. */
  private readonly remote: readonly string[];
  private localAcked = 0;
  private localFailure: FilesError | undefined;
  private writing: Promise<void> = Promise.resolve();
  private sent = 0;

  private constructor(
    world: PipelineNodes,
    name: BlockName,
    parts: {
      readonly nodes: readonly string[];
      readonly remote: readonly string[];
      readonly local: BlockWriter | undefined;
      readonly chain: ChainWrite | undefined;
    },
  ) {
    this.world = world;
    this.name = name;
    this.nodes = parts.nodes;
    this.remote = parts.remote;
    this.local = parts.local;
    this.chain = parts.chain;
    if (this.chain !== undefined) this.chain.onProgress = () => this.onProgress();
  }

  /** @throws NodeFailed: nothing stays begun. */
  static async open(
    world: PipelineNodes,
    name: BlockName,
    nodes: readonly string[],
    bytesMax: number,
  ): Promise<Pipeline> {
    const remote = nodes.filter((id) => id !== world.local);
    let local: BlockWriter | undefined;
    try {
      if (remote.length < nodes.length) local = await world.store.begin(name, bytesMax);
    } catch (error) {
      throw error instanceof FilesError ? new NodeFailed(world.local, error) : error;
    }
    try {
      const chain = await openChain(world, name, remote, bytesMax);
      return new Pipeline(world, name, { nodes, remote, local, chain });
    } catch (error) {
      await local?.abort();
      throw error;
    }
  }

  /** All nodes have taken the bytes before this. */
  get acked(): number {
    return Math.min(
      this.local === undefined ? this.sent : this.localAcked,
      this.chain === undefined ? this.sent : this.chain.acked,
    );
  }

  get failure(): FilesError | undefined {
    return this.localFailure ?? this.chain?.failure;
  }

  /** The node that is the reason, as far as it is known. */
  get failedNode(): string | undefined {
    if (this.localFailure !== undefined) return this.world.local;
    const who = this.chain?.failure?.who;
    return who === undefined ? undefined : this.remote[who];
  }

  /** Sends a piece, which stays as it is until it is acknowledged or `idle` has resolved. */
  send(piece: Piece): void {
    const body = piece.seal(this.name.block, this.sent);
    const { offset, length } = piece;
    this.sent = offset + length;
    // What it could not take yet is counted as under way.
    void this.chain?.send(offset, length, [body]);
    const { local } = this;
    if (local === undefined || this.localFailure !== undefined) return;
    this.writing = this.writing
      .then(() => (this.localFailure === undefined ? local.writeBody(body, length) : undefined))
      .then(
        () => {
          this.localAcked = offset + length;
          this.onProgress();
        },
        (error: unknown) => {
          this.localFailure = error instanceof FilesError ? error : new FilesError('io', '', error);
          this.onProgress();
        },
      );
  }

  /** Nothing touches the memory of pieces any more. */
  async idle(): Promise<void> {
    this.chain?.leave();
    await this.writing;
  }

  /**
   * All was sent and acknowledged: makes it durable. A part that fails counts as nodes that do not have it, as far as they
   * do not say otherwise when they are asked.
   * @returns who has it.
   */
  async end(): Promise<readonly string[]> {
    const { local, chain, sent } = this;
    const here = local?.finish().then(
      () => [this.world.local],
      async (error: unknown) => {
        await local.abort();
        if (!(error instanceof FilesError)) throw error;
        return [];
      },
    );
    const there = chain?.end(sent).then(
      (durable) => this.remote.filter((_, nth) => durable[nth] === true),
      () => this.settleRemote(this.name.stamp, sent),
    );
    return [...((await here) ?? []), ...((await there) ?? [])];
  }

  /**
   * Ends a block that is broken, at `length`, a whole number of chunks or all, in another generation.
   * @returns who has it.
   */
  async settle(stamp: number, length: number): Promise<readonly string[]> {
    await this.idle();
    const [here, there] = await Promise.all([
      this.settleLocal(stamp, length),
      this.settleRemote(stamp, length),
    ]);
    return length === 0 ? [] : [...here, ...there];
  }

  private async settleLocal(stamp: number, length: number): Promise<string[]> {
    const { local } = this;
    if (local === undefined) return [];
    if (length > 0 && local.length >= length) {
      try {
        await local.finishAs(stamp, length);
        return [this.world.local];
      } catch (error) {
        if (!(error instanceof FilesError)) throw error;
      }
    }
    await local.abort();
    return [];
  }

  private async settleRemote(nextStamp: number, length: number): Promise<string[]> {
    const { client, address } = this.world;
    const settled = await Promise.all(
      this.remote.map(async (id) => {
        const at = address(id);
        if (at === undefined) return false;
        try {
          await client.settle(at, { ...this.name, nextStamp, length });
          return true;
        } catch (error) {
          if (!(error instanceof FilesError)) throw error;
          return false;
        }
      }),
    );
    return this.remote.filter((_, nth) => settled[nth]);
  }

  /** Nothing of the block is wanted. */
  async abort(): Promise<void> {
    this.chain?.abort();
    await this.writing;
    await this.local?.abort();
  }
}

async function openChain(
  world: PipelineNodes,
  name: BlockName,
  remote: readonly string[],
  bytesMax: number,
): Promise<ChainWrite | undefined> {
  const addresses: string[] = [];
  for (const id of remote) {
    const address = world.address(id);
    if (address === undefined) throw new NodeFailed(id, new FilesError('node-gone', id));
    addresses.push(address);
  }
  const [first, ...rest] = addresses;
  if (first === undefined) return undefined;
  try {
    return await world.client.write(first, { ...name, bytesMax, rest });
  } catch (error) {
    if (!(error instanceof FilesError)) throw error;
    const who = error instanceof ChainBroken ? error.who : 0;
    throw new NodeFailed(remote[who] ?? remote[0]!, error);
  }
}
