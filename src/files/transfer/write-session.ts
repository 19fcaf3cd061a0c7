/**
 * A block that comes to a DataNode: checked, handed on to the rest of the chain, written, acknowledged when all behind
 * have it too. States: docs/formats/files-wire.md.
 *
 * Invariant: `acked` never passes what this node and all behind it have taken.
 */
import type { Clock, Timer } from '../../core/runtime/index.ts';
import type { BlockWriter } from '../blocks/block-writer.ts';
import { givePieceMemory } from '../blocks/piece-memory.ts';
import { FilesError } from '../errors.ts';
import { chunkBytes } from '../limits.ts';
import { checkBody } from './body.ts';
import { type ChainWrite, SIGN_MS } from './chain-write.ts';
import { type Frame, FrameProblem, FrameType } from './frames.ts';
import type { Link } from './link.ts';
import {
  encodeDone,
  encodeFailed,
  encodeOffset,
  readOffset,
  type WriteRequest,
} from './messages.ts';
import type { Partial, PartialBlocks } from './partial-blocks.ts';

/** More than any setting allows. */
const BLOCK_BYTES_MAX = 2 ** 31;
/** What the other end has until it closes a connection on which it was told a failure. */
const CLOSING_MS = 2000;

export interface WriteSessionOptions {
  readonly link: Link;
  readonly request: number;
  readonly clock: Clock;
  readonly write: WriteRequest;
  readonly writer: BlockWriter;
  /** To the next one; left out: this is the last. */
  readonly chain: ChainWrite | undefined;
  readonly partials: PartialBlocks;
  /** It is durable here. */
  onStored(length: number): void;
}

export class WriteSession implements Partial {
  readonly name: WriteRequest;
  readonly writer: BlockWriter;
  private readonly options: WriteSessionOptions;
  private own = 0;
  private acked = 0;
  private failed = false;
  private isEnding = false;
  private isOver = false;
  private writing: Promise<void> = Promise.resolve();
  private timer: Timer | undefined;
  private readonly finished = Promise.withResolvers<void>();

  constructor(options: WriteSessionOptions) {
    this.options = options;
    this.name = options.write;
    this.writer = options.writer;
  }

  /** Until the write is over. @returns whether the connection may serve other requests. */
  async run(): Promise<boolean> {
    const { link, request, chain, partials } = this.options;
    partials.add(this);
    if (chain !== undefined) chain.onProgress = () => this.progressed();
    this.sign();
    try {
      await link.send(FrameType.ok, request);
      return await this.receive();
    } catch (error) {
      if (error instanceof FilesError && error.code !== 'node-gone' && !this.failed) {
        this.tellFailure(0, error);
        await Promise.resolve(link.next(CLOSING_MS)).catch(() => {});
      }
      if (!this.failed) throw error;
      return false;
    } finally {
      this.isOver = true;
      if (this.timer !== undefined) this.options.clock.clearTimer(this.timer);
      chain?.leave();
      partials.park(this);
      this.finished.resolve();
    }
  }

  private async receive(): Promise<boolean> {
    const { link, request } = this.options;
    for (;;) {
      // After a failure was told nothing is taken any more; the other end closes.
      const frame = await link.next(this.failed ? CLOSING_MS : undefined);
      if (this.failed) continue;
      if (frame.request !== request) throw new FrameProblem('a frame of another request');
      switch (frame.type) {
        case FrameType.data:
          await this.take(frame);
          break;
        case FrameType.end:
          await this.end(readOffset(frame.payload));
          return true;
        case FrameType.abort:
          this.options.chain?.abort();
          await this.options.partials.abort(this.name.block);
          return true;
        default:
          throw new FrameProblem(`type ${frame.type} has no place in a write`);
      }
    }
  }

  private async take({ payload }: Frame): Promise<void> {
    const offset = readOffset(payload);
    if (offset !== this.own || offset % chunkBytes !== 0) throw new FrameProblem('out of order');
    const body = payload.subarray(8);
    const length = checkBody({ block: this.name.block, offset }, body, 0);
    if (offset + length > BLOCK_BYTES_MAX) throw new FrameProblem('a block is too large');
    const sent = this.options.chain?.send(offset, length, [body]);
    this.writing = this.writer.writeBody(body, length);
    await Promise.all([this.writing, sent]);
    givePieceMemory(payload);
    this.own = offset + length;
    this.progressed();
  }

  /** More may be acknowledged, or the rest of the chain has failed. */
  private progressed(): void {
    const { link, request, chain } = this.options;
    if (this.isOver || this.isEnding || link.isClosed) return;
    if (chain?.failure !== undefined) {
      this.tellFailure(1 + chain.failure.who, chain.failure);
      return;
    }
    const both = Math.min(this.own, chain?.acked ?? this.own);
    if (both <= this.acked) return;
    this.acked = both;
    this.acknowledge(link, request);
  }

  private acknowledge(link: Link, request: number): void {
    if (link.isClosed) return;
    link.send(FrameType.ack, request, [encodeOffset(this.acked)])?.catch(() => {});
  }

  private tellFailure(who: number, { code }: FilesError): void {
    const { link, request } = this.options;
    if (this.failed) return;
    this.failed = true;
    if (link.isClosed) return;
    link.send(FrameType.failed, request, [encodeFailed({ who, code })])?.catch(() => {});
    link.closeGently();
  }

  private async end(length: number): Promise<void> {
    const { link, request, chain, partials, onStored } = this.options;
    if (length !== this.own) throw new FrameProblem('the end is not where it was said to be');
    this.isEnding = true;
    const behind = chain?.end(length).catch(() => this.notDurable());
    let isDurable = true;
    try {
      await partials.finish(this.name.block, async () => {
        await this.writer.finish();
      });
      onStored(length);
    } catch (error) {
      if (!(error instanceof FilesError)) throw error;
      // Who settles the block has taken the writer.
      if (error.code !== 'missing') await this.writer.abort();
      isDurable = false;
    }
    const durable = [isDurable, ...((await behind) ?? [])];
    await link.send(FrameType.done, request, [encodeDone(durable)]);
  }

  private notDurable(): readonly boolean[] {
    return this.name.rest.map(() => false);
  }

  /** A sign of life each second, until it is over. */
  private sign(): void {
    const { clock, link, request } = this.options;
    this.timer = clock.setTimer(SIGN_MS, () => {
      if (this.isOver || this.failed) return;
      this.acknowledge(link, request);
      this.sign();
    });
    this.timer.unref();
  }

  async detach(): Promise<void> {
    this.isOver = true;
    this.options.link.close('the block is settled');
    this.options.chain?.leave();
    await this.finished.promise;
    await this.writing.catch(() => {});
  }
}
