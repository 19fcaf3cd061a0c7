/**
 * What a DataNode does for others: takes blocks, gives them out, sends them to other DataNodes, deletes them.
 *
 * Each connection serves one request at a time; what can not be understood ends it. Connections beyond
 * `connectionsMax` are closed at once.
 */
import type { Logger } from '../../core/observe/index.ts';
import type { Clock, Network, Random } from '../../core/runtime/index.ts';
import type { BlockStore } from '../blocks/block-store.ts';
import type { BlockWriter } from '../blocks/block-writer.ts';
import { type BlockName, dataBytes } from '../blocks/format.ts';
import { givePieceMemory } from '../blocks/piece-memory.ts';
import { FilesError } from '../errors.ts';
import { chunkBytes, packedBytesMax } from '../limits.ts';
import { translated } from '../translate.ts';
import { bodyOf, openBody } from './body.ts';
import { ChainBroken, type ChainWrite } from './chain-write.ts';
import type { DataClient } from './data-client.ts';
import { type Frame, FrameProblem, FrameType } from './frames.ts';
import { answerGreeting, type Credentials, Role } from './handshake.ts';
import type { Link } from './link.ts';
import { endGently, LinkServer } from './link-server.ts';
import {
  decodeCopy,
  decodeNames,
  decodePut,
  decodeRead,
  decodeSettle,
  decodeWrite,
  encodeError,
  encodeFailed,
  encodeOffset,
  type StoredReplica,
  type WriteRequest,
} from './messages.ts';
import { PartialBlocks } from './partial-blocks.ts';
import { sendBlock } from './send-block.ts';
import { WriteSession } from './write-session.ts';

const IDLE_MS = 600_000;

export interface DataServerOptions {
  readonly store: BlockStore;
  readonly client: DataClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly connectionsMax: number;
  credentials(): Credentials;
  onStored(replica: StoredReplica): void;
  onRemoved(names: readonly BlockName[]): void;
  onCorrupt(name: BlockName, error: FilesError): void;
}

export class DataServer {
  /** Requests under way. */
  transfers = 0;
  private readonly options: DataServerOptions;
  private readonly partials: PartialBlocks;
  private readonly server: LinkServer;

  constructor(options: DataServerOptions) {
    this.options = options;
    const { clock, logger, connectionsMax } = options;
    this.server = new LinkServer({
      ...{ clock, logger, linksMax: connectionsMax },
      serve: (link) => this.serve(link),
    });
    this.partials = new PartialBlocks(options.clock);
  }

  /** @returns the port. @throws ListenError. */
  listen(network: Network, address: { host: string; port: number }): Promise<number> {
    return this.server.listen(network, address);
  }

  private async serve(link: Link): Promise<void> {
    const { random, logger, credentials } = this.options;
    try {
      await answerGreeting(link, [Role.data], credentials(), random);
      for (;;) {
        const frame = await link.next(IDLE_MS);
        this.transfers++;
        try {
          if (!(await this.answer(link, frame))) break;
        } finally {
          this.transfers--;
        }
      }
    } catch (error) {
      if (error instanceof FrameProblem) {
        logger.warn('a connection said what can not be understood', {
          from: link.name,
          err: error,
        });
      } else if (!(error instanceof FilesError)) throw error;
      else if (error.code !== 'node-gone') {
        logger.warn('a connection was refused', { from: link.name, err: error });
        await endGently(link);
      }
    } finally {
      link.close();
    }
  }

  /** @returns whether the connection goes on. */
  private async answer(link: Link, frame: Frame): Promise<boolean> {
    const { type, payload, request } = frame;
    if (type === FrameType.write) return await this.write(link, request, decodeWrite(payload));
    try {
      switch (type) {
        case FrameType.put:
          await this.put(payload);
          break;
        case FrameType.settle:
          await this.settle(payload);
          break;
        case FrameType.read:
          await this.read(link, request, payload);
          break;
        case FrameType.copy:
          await this.copy(payload);
          break;
        case FrameType.delete: {
          const names = decodeNames(payload);
          await this.options.store.delete(names);
          this.options.onRemoved(names);
          break;
        }
        default:
          throw new FrameProblem(`type ${type} is no request`);
      }
    } catch (thrown) {
      const error = translated(thrown, 'the blocks');
      if (!(error instanceof FilesError) || link.isClosed) throw error;
      await link.send(FrameType.error, request, [encodeError(error)]);
      return true;
    }
    await link.send(FrameType.ok, request);
    return true;
  }

  private async put(payload: Buffer): Promise<void> {
    const { name, at } = decodePut(payload);
    const data = openBody({ block: name.block, offset: 0 }, payload, at);
    if (data.length > packedBytesMax) throw new FrameProblem('a small block is too large');
    await this.refuseKnown(name);
    await this.options.store.put(name, data);
    givePieceMemory(payload);
    this.options.onStored({ ...name, length: data.length });
  }

  /** What is here is not taken again: it may be damaged, and goes first then. @throws FilesError 'exists'. */
  private async refuseKnown({ block, stamp }: BlockName): Promise<void> {
    const found = await this.options.store.find(block);
    if (found?.stamp === stamp) throw new FilesError('exists', `block ${block}`);
  }

  private async write(link: Link, request: number, write: WriteRequest): Promise<boolean> {
    const { store, client, clock } = this.options;
    let writer: BlockWriter | undefined;
    let chain: ChainWrite | undefined;
    try {
      await this.partials.makeRoom(write.block);
      await this.refuseKnown(write);
      writer = await store.begin(write, write.bytesMax);
      const [next, ...rest] = write.rest;
      if (next !== undefined) chain = await chainOf(client, next, { ...write, rest });
    } catch (thrown) {
      const error = translated(thrown, 'the blocks');
      await writer?.abort();
      if (!(error instanceof FilesError)) throw error;
      const who = error instanceof ChainBroken ? 1 + error.who : 0;
      await link.send(FrameType.failed, request, [encodeFailed({ who, code: error.code })]);
      link.closeGently();
      await link.next(1000);
      return false;
    }
    const { partials } = this;
    const onStored = (length: number): void => {
      this.options.onStored({ block: write.block, stamp: write.stamp, length });
    };
    const session = new WriteSession({
      ...{ link, request, clock, write, writer, chain, partials, onStored },
    });
    return await session.run();
  }

  private async settle(payload: Buffer): Promise<void> {
    const { block, stamp, nextStamp, length } = decodeSettle(payload);
    const writer = await this.partials.take({ block, stamp });
    if (writer === undefined) {
      const found = await this.options.store.find(block);
      if (found?.stamp === nextStamp && found.length === length) return;
      throw new FilesError('missing', `block ${block}, generation ${stamp}`);
    }
    try {
      if (length > writer.length) throw new FilesError('missing', `block ${block} has not so much`);
      if (length === 0) await writer.abort();
      else await writer.finishAs(nextStamp, length);
    } catch (error) {
      await writer.abort();
      throw error;
    }
    if (length > 0) this.options.onStored({ block, stamp: nextStamp, length });
  }

  private async read(link: Link, request: number, payload: Buffer): Promise<void> {
    const { block, stamp, from, to } = decodeRead(payload);
    if (from > to) throw new FrameProblem('a range that ends before it begins');
    const name = { block, stamp };
    const { store } = this.options;
    const length = (await store.find(block))?.length;
    const isStored = from % chunkBytes === 0 && (to % chunkBytes === 0 || to === length);
    let at = from;
    try {
      for await (const piece of store[isStored ? 'readStored' : 'read'](name, from, to)) {
        // What is whole chunks goes as it stands on the disk.
        const body = isStored ? [piece] : bodyOf({ block, offset: at }, piece);
        await link.send(FrameType.data, request, [encodeOffset(at), ...body]);
        at += isStored ? dataBytes(piece.length)! : piece.length;
      }
    } catch (error) {
      if (error instanceof FilesError && error.code === 'corrupt') {
        this.options.onCorrupt(name, error);
      }
      throw error;
    }
  }

  private async copy(payload: Buffer): Promise<void> {
    const { block, stamp, length, address } = decodeCopy(payload);
    const { store, client, onCorrupt } = this.options;
    const name = { block, stamp };
    const found = await store.find(block);
    if (found?.stamp !== stamp || found.length !== length) {
      throw new FilesError('missing', `block ${block}, generation ${stamp}`);
    }
    try {
      await sendBlock(client, address, { ...name, length }, store.read(name, 0, length));
    } catch (error) {
      if (error instanceof FilesError && error.code === 'corrupt') onCorrupt(name, error);
      throw error;
    }
  }

  /** No new requests; those under way are broken off. */
  async close(): Promise<void> {
    await this.server.close('the DataNode is stopping');
    await this.partials.close();
  }
}

/** The next one of a chain: that it can not be reached is its own failure, not this node's. */
async function chainOf(
  client: DataClient,
  address: string,
  request: WriteRequest,
): Promise<ChainWrite> {
  try {
    return await client.write(address, request);
  } catch (error) {
    if (error instanceof ChainBroken || !(error instanceof FilesError)) throw error;
    throw new ChainBroken({ who: 0, code: error.code }, address, error);
  }
}
