/**
 * What is asked of DataNodes. Each call is one exchange; it ends or fails within a bound of time.
 */
import type { BlockName } from '../blocks/format.ts';
import { givePieceMemory } from '../blocks/piece-memory.ts';
import { FilesError } from '../errors.ts';
import { bodyOf, openBody } from './body.ts';
import { ChainBroken, ChainWrite } from './chain-write.ts';
import { type Frame, FrameProblem, FrameType, type FrameTypeNumber } from './frames.ts';
import type { Exchange } from './link-pool.ts';
import { LinkPool, type LinkPoolOptions } from './link-pool.ts';
import {
  type CopyRequest,
  decodeError,
  encodeCopy,
  encodeName,
  encodeNames,
  encodeRead,
  encodeSettle,
  NAMES_MAX,
  type ReadRequest,
  readOffset,
  type SettleRequest,
  type WriteRequest,
} from './messages.ts';

/** Without an answer for so long a DataNode has failed, for this exchange. */
const ANSWER_MS = 8000;

export class DataClient {
  private readonly pool: LinkPool;

  constructor(options: LinkPoolOptions) {
    this.pool = new LinkPool(options);
  }

  /** Stores a small block; durable when it resolves. @throws FilesError of the DataNode, 'node-gone'. */
  async put(address: string, name: BlockName, data: Buffer): Promise<void> {
    const parts = [encodeName(name), ...bodyOf({ block: name.block, offset: 0 }, data)];
    await this.ask(address, FrameType.put, parts);
  }

  /** Begins a block on a chain of DataNodes, `address` the first. @throws FilesError, ChainBroken. */
  async write(address: string, request: WriteRequest): Promise<ChainWrite> {
    const exchange = await this.pool.take(address);
    try {
      return await this.writeOn(address, exchange, request);
    } catch (error) {
      const isGone = error instanceof FilesError && error.code === 'node-gone';
      if (!isGone || error instanceof ChainBroken || !exchange.isUsed) throw error;
      this.pool.forget(address);
      return await this.writeOn(address, await this.pool.take(address), request);
    }
  }

  private writeOn(address: string, exchange: Exchange, request: WriteRequest): Promise<ChainWrite> {
    return ChainWrite.open(exchange, request, () => this.pool.release(address, exchange.link));
  }

  /** A block that was being written ends here. @throws FilesError 'missing' and others. */
  async settle(address: string, request: SettleRequest): Promise<void> {
    await this.ask(address, FrameType.settle, [encodeSettle(request)]);
  }

  /** Has a DataNode send a block to another one. @throws FilesError of either. */
  async copy(address: string, request: CopyRequest, timeoutMs: number): Promise<void> {
    await this.ask(address, FrameType.copy, [encodeCopy(request)], timeoutMs);
  }

  async delete(address: string, names: readonly BlockName[]): Promise<void> {
    for (let at = 0; at < names.length; at += NAMES_MAX) {
      const part = encodeNames(names.slice(at, at + NAMES_MAX));
      await this.ask(address, FrameType.delete, [part]);
    }
  }

  /** One question, one answer; once more on a new connection when the one at rest was of no use. */
  private async ask(
    address: string,
    type: FrameTypeNumber,
    parts: readonly Buffer[],
    timeoutMs = ANSWER_MS,
  ): Promise<Frame | undefined> {
    const exchange = await this.pool.take(address);
    try {
      return await this.askOn(address, exchange, type, parts, timeoutMs);
    } catch (error) {
      const isGone = error instanceof FilesError && error.code === 'node-gone';
      if (!isGone || !exchange.isUsed || !exchange.link.isClosed) throw error;
      this.pool.forget(address);
      return await this.askAgain(address, type, parts, timeoutMs);
    }
  }

  private async askAgain(
    address: string,
    type: FrameTypeNumber,
    parts: readonly Buffer[],
    timeoutMs: number,
  ): Promise<Frame | undefined> {
    try {
      return await this.askOn(address, await this.pool.take(address), type, parts, timeoutMs);
    } catch (error) {
      // It was done the first time; only the answer was lost.
      if (error instanceof FilesError && error.code === 'exists') return undefined;
      throw error;
    }
  }

  private async askOn(
    address: string,
    { link, request }: Exchange,
    type: FrameTypeNumber,
    parts: readonly Buffer[],
    timeoutMs: number,
  ): Promise<Frame> {
    let answer: Frame;
    try {
      await link.send(type, request, parts);
      answer = await link.next(timeoutMs);
    } catch (error) {
      link.close();
      throw error;
    }
    if (answer.request === request && answer.type === FrameType.ok) {
      this.pool.release(address, link);
      return answer;
    }
    if (answer.request === request && answer.type === FrameType.error) {
      this.pool.release(address, link);
      throw decodeError(answer.payload);
    }
    link.close('it answers something else');
    throw new FilesError('node-gone', `${link.name} answers something else`);
  }

  /**
   * Data `[from, to)` of a replica, in pieces that are good until the next is asked for. What comes is checked.
   * @throws FilesError of the DataNode ('missing', 'corrupt', 'io'), 'node-gone'.
   */
  async *read(address: string, request: ReadRequest): AsyncGenerator<Buffer, void, undefined> {
    let exchange = await this.pool.take(address);
    const { block, from, to } = request;
    let at = from;
    let isWhole = false;
    try {
      let frame = await this.firstOf(exchange, request);
      if (frame === undefined) {
        this.pool.forget(address);
        exchange.link.close();
        exchange = await this.pool.take(address);
        frame = await this.firstOf(exchange, request);
        if (frame === undefined) throw new FilesError('node-gone', address);
      }
      const { link } = exchange;
      while (frame.type === FrameType.data) {
        if (frame.request !== exchange.request || readOffset(frame.payload) !== at) {
          throw new FilesError('node-gone', `${link.name} sends something else`);
        }
        const data = openBody({ block, offset: at }, frame.payload, 8);
        if (data.length === 0 || at + data.length > to) {
          throw new FilesError('node-gone', `${link.name} sends something else`);
        }
        at += data.length;
        yield data;
        givePieceMemory(frame.payload);
        const next: Frame | Promise<Frame> = link.next(ANSWER_MS);
        frame = next instanceof Promise ? await next : next;
      }
      if (frame.type === FrameType.error) {
        isWhole = true;
        throw decodeError(frame.payload);
      }
      if (frame.type !== FrameType.ok || at !== to) {
        throw new FilesError('node-gone', `${link.name} breaks off`);
      }
      isWhole = true;
    } catch (error) {
      if (error instanceof FrameProblem) throw new FilesError('node-gone', address, error);
      throw error;
    } finally {
      if (isWhole) this.pool.release(address, exchange.link);
      else exchange.link.close('the reader has left');
    }
  }

  /** Undefined: the connection had rested, and the other end is not there any more. */
  private async firstOf(
    { link, request, isUsed }: Exchange,
    read: ReadRequest,
  ): Promise<Frame | undefined> {
    try {
      await link.send(FrameType.read, request, [encodeRead(read)]);
      return await link.next(ANSWER_MS);
    } catch (error) {
      if (isUsed && error instanceof FilesError && error.code === 'node-gone') return undefined;
      throw error;
    }
  }

  close(): void {
    this.pool.close();
  }
}
