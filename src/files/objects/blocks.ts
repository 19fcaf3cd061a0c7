/**
 * Where the bytes of files are, as the rest of the file system sees it: on the disks of this process, or on several
 * DataNodes. What is answered is durable.
 */
import type { BlockName } from '../blocks/format.ts';
import type { NewBlock } from '../namespace/extents.ts';

/** Content on its way; it may become several blocks. */
export interface BlockSink {
  /** Bytes taken. */
  readonly length: number;
  /**
   * Undefined: the bytes are copied. A promise: they are in use until it settles.
   * @throws FilesError, also of bytes taken before.
   */
  write(bytes: Buffer): Promise<void> | undefined;
  /** Makes all durable. @returns the blocks in their order. @throws FilesError: then it is to be given up. */
  finish(): Promise<readonly NewBlock[]>;
  /** Leaves nothing behind, at any time; twice does nothing. */
  abort(): Promise<void>;
}

export interface Blocks {
  /** Bytes that may still be written. */
  readonly freeBytes: number;
  /**
   * Stores a small block, at most `packedBytesMax` bytes; `data` must not change any more.
   * @throws FilesError: nothing of it stays, as far as that can be.
   */
  put(data: Buffer, replication: number): Promise<NewBlock>;
  /** Begins content of about `bytesMax` bytes. @throws FilesError. */
  begin(bytesMax: number, replication: number): Promise<BlockSink>;
  /**
   * Data `[from, to)` of a block, in pieces that are good until the next is asked for.
   * @throws FilesError 'missing', 'corrupt', 'io', 'no-replica'.
   */
  read(name: BlockName, from: number, to: number): AsyncGenerator<Buffer, void, undefined>;
  /** Nobody names or reads them any more. */
  delete(names: readonly BlockName[]): Promise<void>;
  close(): Promise<void>;
}
