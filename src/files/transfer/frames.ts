/**
 * Frames of the file system's own wire, pure. Grammar: docs/formats/files-wire.md.
 *
 * Invariant: no memory is taken for a frame before its type is known and its length is in the range of that type.
 */

import { PIECE_BYTES, takePieceMemory } from '../blocks/piece-memory.ts';

export const FRAME_HEAD_BYTES = 9;

const KIBIBYTE = 1024;
/** Data of one DATA frame: as much as a block file is written at once. */
export const DATA_BYTES_MAX = 512 * KIBIBYTE;
/** Of offset, checksums and one chunk more when it begins inside one. */
const DATA_EXTRA = 8 + 4 * 9;

export const FrameType = {
  hello: 1,
  challenge: 2,
  proof: 3,
  ok: 4,
  error: 5,
  put: 16,
  write: 17,
  data: 18,
  end: 19,
  ack: 20,
  done: 21,
  failed: 22,
  abort: 23,
  settle: 24,
  read: 25,
  copy: 26,
  delete: 27,
  register: 32,
  beat: 33,
  report: 34,
  changes: 35,
} as const;

export type FrameTypeNumber = (typeof FrameType)[keyof typeof FrameType];

/** Least and most bytes of a payload. */
const ranges: Readonly<Record<FrameTypeNumber, readonly [number, number]>> = {
  [FrameType.hello]: [23, 64],
  [FrameType.challenge]: [50, 96],
  [FrameType.proof]: [32, 32],
  [FrameType.ok]: [0, 64],
  [FrameType.error]: [2, 4 * KIBIBYTE],
  [FrameType.put]: [2, KIBIBYTE * KIBIBYTE + KIBIBYTE],
  [FrameType.write]: [4, 8 * KIBIBYTE],
  [FrameType.data]: [8, DATA_BYTES_MAX + DATA_EXTRA],
  [FrameType.end]: [8, 8],
  [FrameType.ack]: [8, 8],
  [FrameType.done]: [1, 64],
  [FrameType.failed]: [2, 256],
  [FrameType.abort]: [0, 0],
  [FrameType.settle]: [4, 64],
  [FrameType.read]: [4, 64],
  [FrameType.copy]: [4, KIBIBYTE],
  [FrameType.delete]: [1, 64 * KIBIBYTE],
  [FrameType.register]: [4, 64 * KIBIBYTE],
  [FrameType.beat]: [2, 64 * KIBIBYTE],
  [FrameType.report]: [2, 128 * KIBIBYTE],
  [FrameType.changes]: [1, 128 * KIBIBYTE],
};

const rangeOf = new Map<number, readonly [number, number]>(
  Object.entries(ranges).map(([type, range]) => [Number(type), range]),
);

export interface Frame {
  readonly type: number;
  readonly request: number;
  /** Memory of its own, which nobody else changes; who has done with it may give it back (`givePieceMemory`). */
  readonly payload: Buffer;
}

/** What came is no frame of ours: the connection can not go on. */
export class FrameProblem extends Error {
  override readonly name = 'FrameProblem';
}

/** @param bytes of the payload. */
export function frameHead(type: FrameTypeNumber, request: number, bytes: number): Buffer {
  const head = Buffer.allocUnsafe(FRAME_HEAD_BYTES);
  putFrameHead(head, type, request, bytes);
  return head;
}

export function putFrameHead(
  into: Buffer,
  type: FrameTypeNumber,
  request: number,
  bytes: number,
): void {
  into.writeUInt32LE(bytes, 0);
  into[4] = type;
  into.writeUInt32LE(request, 5);
}

const NOTHING = Buffer.alloc(0);
/** From here on a payload has the memory of a piece, which is at most twice as much. */
const PIECE_PAYLOAD_MIN = PIECE_BYTES / 2;

/** Puts frames together from bytes as they come. */
export class FrameDecoder {
  private readonly head = Buffer.allocUnsafe(FRAME_HEAD_BYTES);
  private headBytes = 0;
  private payload: Buffer | undefined;
  private filled = 0;
  /** Of any frame: little until it is known who is there. */
  payloadMax = Number.POSITIVE_INFINITY;

  /** Where the rest of a large payload belongs, for who can bring it there; `push` sees that it is there then. */
  get room(): Buffer | undefined {
    const { payload, filled } = this;
    return payload === undefined || payload.length < PIECE_PAYLOAD_MIN
      ? undefined
      : payload.subarray(filled);
  }

  /** Takes bytes, which are copied unless they are in their place. @throws FrameProblem: then nothing may be pushed any more. */
  push(bytes: Buffer, onFrame: (frame: Frame) => void): void {
    for (let at = 0; at < bytes.length || this.isWhole; ) {
      if (this.payload === undefined) {
        const count = Math.min(FRAME_HEAD_BYTES - this.headBytes, bytes.length - at);
        bytes.copy(this.head, this.headBytes, at, at + count);
        this.headBytes += count;
        at += count;
        if (this.headBytes < FRAME_HEAD_BYTES) return;
        this.begin();
        continue;
      }
      const { payload } = this;
      const count = Math.min(payload.length - this.filled, bytes.length - at);
      const isThere =
        bytes.buffer === payload.buffer &&
        bytes.byteOffset + at === payload.byteOffset + this.filled;
      if (!isThere) bytes.copy(payload, this.filled, at, at + count);
      this.filled += count;
      at += count;
      if (!this.isWhole) return;
      this.payload = undefined;
      this.headBytes = 0;
      onFrame({ type: this.head[4]!, request: this.head.readUInt32LE(5), payload });
    }
  }

  private get isWhole(): boolean {
    return this.payload !== undefined && this.filled === this.payload.length;
  }

  private begin(): void {
    const length = this.head.readUInt32LE(0);
    const type = this.head[4]!;
    const range = rangeOf.get(type);
    if (range === undefined) throw new FrameProblem(`type ${type} is not known`);
    const min = range[0];
    const max = Math.min(range[1], this.payloadMax);
    if (length < min || length > max) {
      throw new FrameProblem(`type ${type} has ${length} bytes, ${min} to ${max} are allowed`);
    }
    this.payload = memoryOf(length);
    this.filled = 0;
  }
}

function memoryOf(length: number): Buffer {
  if (length === 0) return NOTHING;
  if (length < PIECE_PAYLOAD_MIN || length > PIECE_BYTES) return Buffer.allocUnsafeSlow(length);
  return takePieceMemory().subarray(0, length);
}
