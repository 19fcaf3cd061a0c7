/**
 * A block on its way to a chain of DataNodes, from the end that sends: a door, or the one before in the chain.
 *
 *     opening ──OK──▶ open ──end()──▶ ending ──DONE──▶ over
 *        └──FAILED, connection lost, silence──┴──▶ broken: the others have it parked, until they are told to settle
 *
 * Who takes part sends a sign of life each second, so that silence means that the next one is gone.
 */
import { FilesError } from '../errors.ts';
import { FrameProblem, FrameType } from './frames.ts';
import type { Link } from './link.ts';
import type { Exchange } from './link-pool.ts';
import {
  type ChainFailure,
  decodeDone,
  decodeError,
  decodeFailed,
  encodeOffset,
  encodeWrite,
  readOffset,
  type WriteRequest,
} from './messages.ts';

/** Signs of life are sent so often while a block is written. */
export const SIGN_MS = 1000;
const SILENCE_MS = 5000;
/** For each of the chain. */
const OPENING_MS = 5000;

/** A chain does not go on; `who` of it is the reason, as far as it is known. */
export class ChainBroken extends FilesError {
  readonly who: number;

  constructor({ who, code }: ChainFailure, detail: string, cause?: unknown) {
    super(code, detail, cause);
    this.who = who;
  }
}

export class ChainWrite {
  /** All of the chain have taken the bytes before this. */
  acked = 0;
  failure: ChainBroken | undefined;
  /** `acked` has grown, or it is broken. */
  onProgress: () => void = () => {};
  private readonly link: Link;
  private readonly request: number;
  private readonly release: () => void;
  private readonly done = Promise.withResolvers<readonly boolean[]>();
  private sent = 0;
  private over = false;

  private constructor({ link, request }: Exchange, release: () => void) {
    this.link = link;
    this.request = request;
    this.release = release;
    this.done.promise.catch(() => {});
  }

  /** @throws ChainBroken, FilesError 'node-gone'. */
  static async open(
    exchange: Exchange,
    request: WriteRequest,
    release: () => void,
  ): Promise<ChainWrite> {
    const { link } = exchange;
    try {
      await link.send(FrameType.write, exchange.request, [encodeWrite(request)]);
      const answer = await link.next(OPENING_MS * (1 + request.rest.length));
      if (answer.type === FrameType.failed) {
        throw new ChainBroken(decodeFailed(answer.payload), link.name);
      }
      if (answer.type === FrameType.error) throw decodeError(answer.payload);
      if (answer.type !== FrameType.ok) throw new FilesError('node-gone', link.name);
    } catch (error) {
      link.close('the block could not be begun');
      throw translated(error, link);
    }
    const write = new ChainWrite(exchange, release);
    write.listen().catch((error: unknown) => write.broke(error));
    return write;
  }

  private async listen(): Promise<void> {
    for (;;) {
      const { type, payload, request } = await this.link.next(SILENCE_MS);
      if (request !== this.request) throw new FrameProblem('an answer to something else');
      if (type === FrameType.ack) {
        const offset = readOffset(payload);
        if (offset > this.sent) throw new FrameProblem('more is acknowledged than was sent');
        if (offset > this.acked) {
          this.acked = offset;
          this.onProgress();
        }
      } else if (type === FrameType.failed) {
        throw new ChainBroken(decodeFailed(payload), this.link.name);
      } else if (type === FrameType.done) {
        this.over = true;
        this.release();
        this.done.resolve(decodeDone(payload));
        return;
      } else throw new FrameProblem(`type ${type} has no place in a write`);
    }
  }

  private broke(thrown: unknown): void {
    const error = translated(thrown, this.link);
    if (!(error instanceof FilesError)) throw error;
    this.link.close('the write is broken');
    if (this.over) return;
    this.failure =
      error instanceof ChainBroken
        ? error
        : new ChainBroken({ who: 0, code: error.code }, error.message, error);
    this.done.reject(this.failure);
    this.onProgress();
  }

  /**
   * Sends a piece, in the form that it has on the disk. Undefined: nothing refers to it any more. A promise: it must
   * stay as it is until it resolves. A chain that is broken takes everything and sends nothing.
   */
  send(offset: number, length: number, body: readonly Buffer[]): Promise<void> | undefined {
    if (this.failure !== undefined || this.link.isClosed) return undefined;
    this.sent = offset + length;
    return this.link
      .send(FrameType.data, this.request, [encodeOffset(offset), ...body])
      ?.catch(() => {});
  }

  /** All was sent. @returns of each of the chain whether it has the block durable. @throws ChainBroken. */
  end(length: number): Promise<readonly boolean[]> {
    if (this.failure === undefined && !this.link.isClosed) {
      this.link.send(FrameType.end, this.request, [encodeOffset(length)])?.catch(() => {});
    }
    return this.done.promise;
  }

  /** Nothing of the block is wanted. */
  abort(): void {
    if (this.over || this.link.isClosed) return;
    this.over = true;
    this.link.send(FrameType.abort, this.request)?.catch(() => {});
    this.link.closeGently();
  }

  /** The others are to keep what they have: they will be told what to do with it. */
  leave(): void {
    // Behind its end the connection may be somebody else's already.
    if (!this.over) this.link.close('the write is over here');
  }
}

function translated(error: unknown, link: Link): unknown {
  return error instanceof FrameProblem ? new FilesError('node-gone', link.name, error) : error;
}
