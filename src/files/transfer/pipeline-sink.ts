/**
 * Content that goes to several nodes. A node that fails in mid-block costs nothing that was acknowledged: the block
 * ends where all had it, on those that are left, and the rest goes on as another block on other nodes.
 *
 *     bytes ─▶ piece (512 KiB) ─▶ under way (up to 4 MiB) ─▶ acknowledged by all, let go
 *                                      └──a node fails──▶ the block is settled; what it lacks is sent anew
 *
 * Invariant: bytes that were taken are in a settled block, in pieces that are kept, or in the piece that fills.
 */
import type { BlockName } from '../blocks/format.ts';
import { FilesError } from '../errors.ts';
import type { NewBlock } from '../namespace/extents.ts';
import type { BlockSink } from '../objects/blocks.ts';
import { Piece } from './piece.ts';
import { NodeFailed, Pipeline, type PipelineNodes } from './pipeline.ts';

const PIECES_MAX = 8;
/** Pipelines that fail one after another without a byte between. */
const FAILURES_MAX = 6;
const FIRST_STAMP = 1;

export interface PipelineSinkOptions extends PipelineNodes {
  readonly bytesMax: number;
  readonly replication: number;
  /** Replicas that must be durable before a block is. */
  readonly replicasMin: number;
  number(): number | Promise<number>;
  /** @throws FilesError 'no-nodes', 'disk-full'. */
  targets(replication: number, bytes: number, exclude: ReadonlySet<string>): readonly string[];
  /** A block is durable on these nodes. */
  onDurable(block: NewBlock, nodes: readonly string[]): void;
  /** Brings a block to one more node. @throws FilesError. */
  copy(block: NewBlock, from: string, to: string): Promise<void>;
  /** Blocks that are not wanted after all. */
  discard(blocks: readonly BlockName[]): Promise<void>;
  /** A node failed while a block was written. */
  onNodeFailed(node: string, error: FilesError): void;
}

export class PipelineSink implements BlockSink {
  length = 0;
  private readonly options: PipelineSinkOptions;
  private pipeline: Pipeline;
  private filling: Piece;
  /** Sent and not acknowledged by all, in their order. */
  private underWay: Piece[] = [];
  private readonly ended: NewBlock[] = [];
  private readonly failedNodes = new Set<string>();
  private failures = 0;
  private wake: (() => void) | undefined;
  private recovering: Promise<void> | undefined;
  /** No more bytes come. */
  private finishing = false;
  /** Nothing is left of the last pipeline: all is in blocks that have ended. */
  private isSettled = false;
  private over = false;

  private constructor(options: PipelineSinkOptions, pipeline: Pipeline) {
    this.options = options;
    this.pipeline = pipeline;
    this.filling = new Piece();
    this.follow(pipeline);
  }

  /** @throws FilesError 'no-nodes', 'disk-full'. */
  static async begin(options: PipelineSinkOptions): Promise<PipelineSink> {
    const failed = new Set<string>();
    const sink = new PipelineSink(options, await openPipeline(options, failed, options.bytesMax));
    for (const id of failed) sink.failedNodes.add(id);
    return sink;
  }

  private follow(pipeline: Pipeline): void {
    this.pipeline = pipeline;
    pipeline.onProgress = () => {
      this.letGo();
      this.wake?.();
    };
  }

  private letGo(): void {
    const { acked } = this.pipeline;
    while (this.underWay.length > 0) {
      const piece = this.underWay[0]!;
      if (piece.offset + piece.length > acked) return;
      this.underWay.shift();
      this.failures = 0;
      piece.free();
    }
  }

  write(bytes: Buffer): Promise<void> | undefined {
    const at = this.filling.fill(bytes, 0);
    this.length += at;
    return at === bytes.length ? undefined : this.writeOn(bytes, at);
  }

  private async writeOn(bytes: Buffer, from: number): Promise<void> {
    for (let at = from; at < bytes.length; ) {
      await this.send();
      if (this.over) throw new FilesError('closed', 'the content was given up');
      const next = this.filling.fill(bytes, at);
      this.length += next - at;
      at = next;
    }
  }

  /** Sends the piece that was filled, once there is room for another one. */
  private async send(): Promise<void> {
    while (this.underWay.length >= PIECES_MAX || this.pipeline.failure !== undefined) {
      await this.progress();
      if (this.over) return;
    }
    const piece = this.filling;
    this.filling = new Piece();
    this.underWay.push(piece);
    this.pipeline.send(piece);
  }

  /** Waits until more is acknowledged, or mends what is broken. @throws FilesError: it can not be mended. */
  private async progress(): Promise<void> {
    if (this.pipeline.failure !== undefined) {
      this.recovering = this.recover();
      await this.recovering;
      return;
    }
    await new Promise<void>((resolve) => {
      this.wake = resolve;
    });
    this.wake = undefined;
  }

  private async recover(): Promise<void> {
    const { options, pipeline } = this;
    if (++this.failures > FAILURES_MAX) throw pipeline.failure!;
    this.letGo();
    const { block, stamp } = pipeline.name;
    const [first] = this.underWay;
    // Nothing is under way: all that was sent is acknowledged.
    const length = first === undefined ? pipeline.acked : first.offset;
    const holders = await pipeline.settle(stamp + 1, length);
    for (const id of pipeline.nodes) {
      if (holders.includes(id) || (length === 0 && id !== pipeline.failedNode)) continue;
      this.failedNodes.add(id);
      options.onNodeFailed(id, pipeline.failure ?? new FilesError('node-gone', id));
    }
    if (length > 0) await this.keep({ block, stamp: stamp + 1, length }, holders);
    this.isSettled = this.finishing && this.underWay.length === 0;
    if (this.over || this.isSettled) return;
    const next = await openPipeline(options, this.failedNodes, options.bytesMax);
    if (this.over) {
      await next.abort();
      return;
    }
    this.follow(next);
    for (const piece of this.underWay) next.send(piece);
  }

  /** A block is durable on some nodes: as many more as are needed get it. @throws FilesError 'no-nodes'. */
  private async keep(block: NewBlock, durable: readonly string[]): Promise<void> {
    const { options } = this;
    if (durable.length === 0) throw new FilesError('no-nodes', 'all that had the block are gone');
    const holders = [...durable];
    options.onDurable(block, holders);
    this.ended.push(block);
    const tried = new Set(this.failedNodes);
    while (holders.length < options.replicasMin) {
      for (const id of holders) tried.add(id);
      const [to] = options.targets(1, block.length, tried);
      if (to === undefined) throw new FilesError('no-nodes');
      tried.add(to);
      try {
        await options.copy(block, holders[0]!, to);
        holders.push(to);
        options.onDurable(block, holders);
      } catch (error) {
        if (!(error instanceof FilesError)) throw error;
        options.onNodeFailed(to, error);
      }
    }
  }

  async finish(): Promise<readonly NewBlock[]> {
    if (this.filling.length > 0) await this.send();
    this.filling.free();
    this.finishing = true;
    while (this.underWay.length > 0 || this.pipeline.failure !== undefined) {
      if (this.over) throw new FilesError('closed', 'the content was given up');
      await this.progress();
      if (this.isSettled) return this.ended;
    }
    const { pipeline } = this;
    const length = pipeline.acked;
    if (length === 0) {
      await pipeline.abort();
      return this.ended;
    }
    const holders = await pipeline.end();
    await this.keep({ ...pipeline.name, length }, holders);
    return this.ended;
  }

  async abort(): Promise<void> {
    this.over = true;
    this.filling.free();
    this.wake?.();
    await this.recovering?.catch(() => {});
    await this.pipeline.abort();
    if (this.ended.length > 0) await this.options.discard(this.ended.splice(0));
  }
}

/** @param failed grows by the nodes that do not take the block. @throws FilesError 'no-nodes', 'disk-full'. */
async function openPipeline(
  options: PipelineSinkOptions,
  failed: Set<string>,
  bytesMax: number,
): Promise<Pipeline> {
  const block = await options.number();
  for (let stamp = FIRST_STAMP; ; stamp++) {
    const nodes = options.targets(options.replication, bytesMax, failed);
    if (nodes.length < options.replicasMin) {
      throw new FilesError('no-nodes', `${nodes.length}, ${options.replicasMin} are needed`);
    }
    try {
      return await Pipeline.open(options, { block, stamp }, nodes, bytesMax);
    } catch (error) {
      if (!(error instanceof NodeFailed)) throw error;
      failed.add(error.node);
      options.onNodeFailed(error.node, error);
    }
  }
}
