/**
 * Moves and deletes replicas: has a DataNode send a block to another one, or sends and takes it itself when one of
 * them is this process.
 */
import type { BlockStore } from '../blocks/block-store.ts';
import type { BlockName } from '../blocks/format.ts';
import type { Cluster } from '../cluster/index.ts';
import { FilesError } from '../errors.ts';
import { packedBytesMax } from '../limits.ts';
import type { DataClient } from '../transfer/data-client.ts';
import { sendBlock } from '../transfer/send-block.ts';

const COPY_MS = 30_000;
/** Slower than this a copy has failed. */
const COPY_BYTES_PER_MS = 1024;

export interface MoverOptions {
  readonly cluster: Pick<Cluster, 'address' | 'received'>;
  readonly store: BlockStore;
  readonly client: DataClient;
  /** Id of the node whose disks are those of this process. */
  readonly local: string;
}

export interface Move extends BlockName {
  readonly length: number;
  readonly from: string;
  readonly to: string;
}

export class Mover {
  private readonly options: MoverOptions;

  constructor(options: MoverOptions) {
    this.options = options;
  }

  /** Durable on `to` when it resolves, which it may have been before. @throws FilesError of either, 'node-gone'. */
  async copy(move: Move): Promise<void> {
    try {
      await this.copyNow(move);
    } catch (error) {
      if (!(error instanceof FilesError) || error.code !== 'exists') throw error;
    }
  }

  private async copyNow({ block, stamp, length, from, to }: Move): Promise<void> {
    const { store, client, local } = this.options;
    const name = { block, stamp };
    if (to === local) {
      await this.take({ ...name, length }, this.address(from));
    } else if (from === local) {
      await sendBlock(client, this.address(to), { ...name, length }, store.read(name, 0, length));
    } else {
      const request = { ...name, length, address: this.address(to) };
      await client.copy(this.address(from), request, COPY_MS + length / COPY_BYTES_PER_MS);
    }
  }

  private async take(block: BlockName & { readonly length: number }, from: string): Promise<void> {
    const { store, client } = this.options;
    const { length } = block;
    const name = { block: block.block, stamp: block.stamp };
    if ((await store.find(name.block))?.stamp === name.stamp) throw new FilesError('exists');
    const pieces = client.read(from, { ...name, from: 0, to: length });
    if (length <= packedBytesMax) {
      const parts: Buffer[] = [];
      for await (const piece of pieces) parts.push(Buffer.from(piece));
      await store.put(name, Buffer.concat(parts));
    } else await this.takeLarge(name, length, pieces);
    await this.tellReceived(block);
  }

  /** As a DataNode says of itself what it has taken. */
  private async tellReceived(replica: BlockName & { readonly length: number }): Promise<void> {
    const { cluster, store, local } = this.options;
    // A block that is not known any more was deleted while it came.
    await store.delete(cluster.received(local, replica, () => undefined));
  }

  private async takeLarge(
    name: BlockName,
    length: number,
    pieces: AsyncIterable<Buffer>,
  ): Promise<void> {
    const { store } = this.options;
    const writer = await store.begin(name, length);
    try {
      for await (const piece of pieces) await writer.write(piece);
      await writer.finish();
    } catch (error) {
      await writer.abort();
      throw error;
    }
  }

  /** @throws FilesError. */
  async delete(id: string, names: readonly BlockName[]): Promise<void> {
    const { store, client, local } = this.options;
    if (id === local) await store.delete(names);
    else await client.delete(this.address(id), names);
  }

  private address(id: string): string {
    const address = this.options.cluster.address(id);
    if (address === undefined) throw new FilesError('node-gone', `node ${id} is not known`);
    return address;
  }
}
