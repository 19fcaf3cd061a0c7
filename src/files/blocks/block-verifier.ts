/**
 * Whether a block is on the disk as it should be: found anew, not by what is kept open, and read whole.
 *
 * Invariant: what moves or goes while it is looked at is not told as damage that it is not.
 */
import { type Disk, errorCode } from '../../core/runtime/index.ts';
import { FilesError } from '../errors.ts';
import { chunkBytes } from '../limits.ts';
import type { StoredBlock } from './block-index.ts';
import { FileCache, type HeldFile } from './file-cache.ts';
import { readWhole } from './file-work.ts';
import {
  type BlockName,
  bodyBytes,
  checkBlockHead,
  chunkChecksum,
  HEAD_BYTES,
  RECORD_HEAD_BYTES,
  readRecordHead,
  STORED_CHUNK_BYTES,
} from './format.ts';

/** Chunks that are read at once. */
const PIECE_CHUNKS = 8;
/** A block that has moved to another container meanwhile is looked for again so often. */
const TRIES = 4;

/** 'replicas': there are fewer than are wanted. */
export type BlockFault = 'missing' | 'stale' | 'length' | 'damaged' | 'unreadable' | 'replicas';

/** What is wrong with a block, or with a replica of it. */
export interface BlockFinding {
  readonly fault: BlockFault;
  /** The first byte of the block that does not hold. */
  readonly offset: number;
  /** Bytes that do not hold. */
  readonly bytes: number;
  /** For people: where it is and what was met. */
  readonly detail: string;
}

export interface BlockVerifierOptions {
  readonly disk: Disk;
  /** Where a block stands now; `path` is left out when its disk is not there. */
  find(block: number): Promise<{ readonly at: StoredBlock; readonly path?: string } | null>;
  /** A block was found damaged that was not known to be, or was read whole that was. */
  onLooked(at: StoredBlock, isDamaged: boolean): Promise<void>;
}

export class BlockVerifier {
  private readonly options: BlockVerifierOptions;
  private readonly files: FileCache;
  private readonly buffer = Buffer.allocUnsafeSlow(PIECE_CHUNKS * STORED_CHUNK_BYTES);

  constructor(options: BlockVerifierOptions) {
    this.options = options;
    this.files = new FileCache(options.disk);
  }

  /**
   * Reads a block whole, one at a time.
   * @param onBytes so many bytes of data were looked at; false: the rest does not matter any more.
   * @returns undefined: it is as it should be, or was not read to its end.
   * @throws FilesError 'io', 'closed': the index can not be asked.
   */
  async verify(
    name: BlockName,
    length: number,
    onBytes: (bytes: number) => boolean | Promise<boolean>,
  ): Promise<BlockFinding | undefined> {
    for (let tries = 1; ; tries++) {
      const found = await this.options.find(name.block);
      if (found === null) return whole(length, 'missing', 'no disk has it');
      const { at, path } = found;
      if (at.stamp !== name.stamp) {
        return whole(length, 'stale', `generation ${at.stamp} is there, not ${name.stamp}`);
      }
      if (path === undefined) return whole(length, 'missing', 'its disk is not there');
      let held: HeldFile;
      try {
        held = await this.files.hold(path);
      } catch (error) {
        if (errorCode(error) === 'ENOENT' && tries < TRIES) continue;
        if (errorCode(error) === 'ENOENT') return whole(length, 'missing', `${path} is not there`);
        return whole(length, 'unreadable', `${path}: ${errorCode(error)}`);
      }
      try {
        const finding = await this.read(held, at, length, onBytes);
        if (finding?.fault === 'damaged') await this.options.onLooked(at, true);
        return finding;
      } catch (error) {
        if (error instanceof FilesError && error.code === 'corrupt') {
          await this.options.onLooked(at, true);
          return whole(length, 'damaged', error.message);
        }
        return whole(length, 'unreadable', `${path}: ${errorCode(error)}`);
      } finally {
        held.release();
      }
    }
  }

  private async read(
    { file }: HeldFile,
    at: StoredBlock,
    length: number,
    onBytes: (bytes: number) => boolean | Promise<boolean>,
  ): Promise<BlockFinding | undefined> {
    const base = await this.readHead(file, at);
    if (at.length !== length) {
      return whole(length, 'length', `${file.path}: it has ${at.length} bytes, not ${length}`);
    }
    let first = -1;
    let bad = 0;
    let isLeft = false;
    for (let from = 0; from < length; from += PIECE_CHUNKS * chunkBytes) {
      const data = Math.min(length - from, PIECE_CHUNKS * chunkBytes);
      const position = base + (from / chunkBytes) * STORED_CHUNK_BYTES;
      const read = await readWhole(file, this.buffer, 0, bodyBytes(data), position);
      for (let inside = 0; inside < data; inside += chunkBytes) {
        const bytes = Math.min(chunkBytes, data - inside);
        if (this.holds(at.block, (from + inside) / chunkBytes, inside, bytes, read)) continue;
        if (first < 0) first = from + inside;
        bad += bytes;
      }
      isLeft = !(await onBytes(data));
      if (isLeft) break;
    }
    if (first < 0) {
      if (!isLeft && at.isDamaged === true) await this.options.onLooked(at, false);
      return undefined;
    }
    return { fault: 'damaged', offset: first, bytes: bad, detail: `${file.path}, from ${base} on` };
  }

  /** @returns where the body begins. @throws FilesError 'corrupt', the disk's error. */
  private async readHead(file: HeldFile['file'], at: StoredBlock): Promise<number> {
    const start = at.pack?.offset ?? 0;
    const bytes = at.pack === undefined ? HEAD_BYTES : RECORD_HEAD_BYTES;
    const head = Buffer.alloc(bytes);
    await readWhole(file, head, 0, bytes, start);
    if (at.pack === undefined) {
      checkBlockHead(head, at, file.path);
      const size = file.sizeSync();
      const wanted = HEAD_BYTES + bodyBytes(at.length);
      // What is cut short is told by its chunks.
      if (size > wanted)
        throw new FilesError('corrupt', `${file.path}: ${size} bytes, not ${wanted}`);
    } else {
      const record = readRecordHead(head, 0);
      const isMeant =
        record?.block === at.block && record.stamp === at.stamp && record.length === at.length;
      if (!isMeant) throw new FilesError('corrupt', `${file.path}: no record of it at ${start}`);
    }
    return start + bytes;
  }

  /** A chunk of the piece that was read. @param inside where its data begin in the data of the piece */
  private holds(
    block: number,
    chunk: number,
    inside: number,
    bytes: number,
    read: number,
  ): boolean {
    const start = (inside / chunkBytes) * STORED_CHUNK_BYTES;
    const end = start + bytes;
    if (end + 4 > read) return false;
    return chunkChecksum(block, chunk, this.buffer, start, end) === this.buffer.readUInt32LE(end);
  }

  /** Nobody verifies any more. */
  close(): void {
    this.files.close();
  }
}

function whole(length: number, fault: BlockFault, detail: string): BlockFinding {
  return { fault, offset: 0, bytes: length, detail };
}
