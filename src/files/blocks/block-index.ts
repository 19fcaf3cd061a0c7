/**
 * Where each block of a DataNode stands: an LSM engine, so that its memory does not grow with the blocks.
 *
 * It is not the truth: what it may have lost in a crash the containers still say (see `recover.ts`).
 */
import { Found, type Lookup, type Lsm, type LsmError, WriteBatch } from '../../core/store/index.ts';
import { RecordReader, RecordWriter } from '../codec.ts';

const Space = { block: 1, pack: 2, disk: 3 } as const;
const Form = { file: 1, pack: 2 } as const;
/** Is added to the form of a block that is known to be damaged. */
const DAMAGED = 2;

/** Where a block is. */
export interface Location {
  /** Number of the disk. */
  readonly disk: number;
  readonly stamp: number;
  readonly length: number;
  /** Bytes of it did not hold when they were read. */
  readonly isDamaged?: boolean;
  /** Left out: it has a file of its own. */
  readonly pack?: { readonly number: number; readonly offset: number };
}

export interface PackState {
  /** The index knows of the records before this. */
  readonly known: number;
  readonly records: number;
  /** Bytes of records that do not count any more. */
  readonly dead: number;
}

export interface StoredBlock extends Location {
  readonly block: number;
}

/** Changes of the index that come into being together. */
export class IndexChange {
  readonly batch = new WriteBatch();

  putBlock(block: number, location: Location): this {
    const form = location.pack === undefined ? Form.file : Form.pack;
    const writer = new RecordWriter(48)
      .varint(form + (location.isDamaged === true ? DAMAGED : 0))
      .varint(location.disk)
      .varint(location.stamp)
      .varint(location.length);
    if (location.pack !== undefined) {
      writer.varint(location.pack.number).varint(location.pack.offset);
    }
    this.batch.put(blockKey(block), writer.done());
    return this;
  }

  deleteBlock(block: number): this {
    this.batch.delete(blockKey(block));
    return this;
  }

  putPack(disk: number, pack: number, state: PackState): this {
    const writer = new RecordWriter(32)
      .varint(state.known)
      .varint(state.records)
      .varint(state.dead);
    this.batch.put(packKey(disk, pack), writer.done());
    return this;
  }

  deletePack(disk: number, pack: number): this {
    this.batch.delete(packKey(disk, pack));
    return this;
  }

  putDisk(disk: number, id: string): this {
    this.batch.put(numbered(Space.disk, disk), Buffer.from(id, 'latin1'));
    return this;
  }
}

export class BlockIndex {
  private readonly lsm: Lsm;
  private readonly into: Lookup = { value: Buffer.alloc(0), start: 0, length: 0, expiresAtMs: 0 };

  constructor(lsm: Lsm) {
    this.lsm = lsm;
  }

  /** @throws LsmError. */
  find(block: number): Location | null | Promise<Location | null> {
    const { lsm, into } = this;
    const key = blockKey(block);
    const found = lsm.lookup(key, 0, key.length, into);
    if (found === Found.missing) return null;
    if (found === Found.cold) return lsm.get(key).then((value) => value && decodeLocation(value));
    return decodeLocation(into.value.subarray(into.start, into.start + into.length));
  }

  /** As `find`, reading what is needed on the loop. */
  findNow(block: number): Location | null {
    const { into } = this;
    const key = blockKey(block);
    if (!this.lsm.lookupNow(key, 0, key.length, into)) return null;
    return decodeLocation(into.value.subarray(into.start, into.start + into.length));
  }

  /**
   * Remembers of a block whether it is damaged, unless it is not any more where it was looked at.
   * @returns whether that is news. @throws LsmError.
   */
  async setDamaged({ block, ...seen }: StoredBlock, isDamaged: boolean): Promise<boolean> {
    const now = this.findNow(block);
    if (now === null || now.disk !== seen.disk || now.stamp !== seen.stamp) return false;
    if (now.pack?.number !== seen.pack?.number || now.pack?.offset !== seen.pack?.offset)
      return false;
    if ((now.isDamaged === true) === isDamaged) return false;
    await this.write(new IndexChange().putBlock(block, { ...now, isDamaged }), true);
    return true;
  }

  packNow(disk: number, pack: number): PackState | null {
    const { into } = this;
    const key = packKey(disk, pack);
    if (!this.lsm.lookupNow(key, 0, key.length, into)) return null;
    return decodePack(into.value.subarray(into.start, into.start + into.length));
  }

  /** Seen at once; with `sync` durable when it resolves, else some milliseconds later. @throws LsmError. */
  write(change: IndexChange, sync = false): Promise<void> {
    return new Promise((resolve, reject) => {
      this.lsm.write(change.batch, { sync }, (error: LsmError | null) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
  }

  /** Blocks in the order of their numbers, `above` one of them, until `visit` gives false. */
  async each(above: number, visit: (block: StoredBlock) => boolean): Promise<void> {
    const range = { from: blockKey(above + 1), to: Buffer.from([Space.block + 1]) };
    await this.scan(range, (key, value) =>
      visit({ block: getU64(key, 1), ...decodeLocation(value) }),
    );
  }

  async packs(
    visit: (disk: number, pack: number, state: PackState) => boolean | undefined,
  ): Promise<void> {
    const range = { from: Buffer.from([Space.pack]), to: Buffer.from([Space.pack + 1]) };
    await this.scan(
      range,
      (key, value) => visit(key.readUInt32BE(1), getU64(key, 5), decodePack(value)) !== false,
    );
  }

  /** Numbers of disks by their ids. */
  async disks(): Promise<Map<string, number>> {
    const disks = new Map<string, number>();
    const range = { from: Buffer.from([Space.disk]), to: Buffer.from([Space.disk + 1]) };
    await this.scan(range, (key, value) => {
      disks.set(value.toString('latin1'), key.readUInt32BE(1));
      return true;
    });
    return disks;
  }

  private async scan(
    range: { readonly from: Buffer; readonly to: Buffer },
    visit: (key: Buffer, value: Buffer) => boolean,
  ): Promise<void> {
    const scan = this.lsm.scan(range);
    try {
      while (await scan.fill()) {
        for (let nth = 0; nth < scan.count; nth++) {
          if (!visit(scan.key(nth), scan.value(nth))) return;
        }
      }
    } finally {
      scan.close();
    }
  }
}

function decodeLocation(bytes: Buffer): Location {
  const reader = new RecordReader(bytes);
  const stored = reader.varint();
  const isDamaged = stored > DAMAGED;
  const form = isDamaged ? stored - DAMAGED : stored;
  const location = {
    ...{ disk: reader.varint(), stamp: reader.varint(), length: reader.varint() },
    ...(isDamaged && { isDamaged }),
  };
  if (form === Form.file) return location;
  return { ...location, pack: { number: reader.varint(), offset: reader.varint() } };
}

function decodePack(bytes: Buffer): PackState {
  const reader = new RecordReader(bytes);
  return { known: reader.varint(), records: reader.varint(), dead: reader.varint() };
}

function blockKey(block: number): Buffer {
  const key = Buffer.allocUnsafe(9);
  key[0] = Space.block;
  putU64(key, 1, block);
  return key;
}

function packKey(disk: number, pack: number): Buffer {
  const key = Buffer.allocUnsafe(13);
  key[0] = Space.pack;
  key.writeUInt32BE(disk, 1);
  putU64(key, 5, pack);
  return key;
}

function numbered(space: number, disk: number): Buffer {
  const key = Buffer.allocUnsafe(5);
  key[0] = space;
  key.writeUInt32BE(disk, 1);
  return key;
}

function putU64(buffer: Buffer, at: number, value: number): void {
  buffer.writeUInt32BE(Math.floor(value / 2 ** 32), at);
  buffer.writeUInt32BE(value >>> 0, at + 4);
}

function getU64(buffer: Buffer, at: number): number {
  return buffer.readUInt32BE(at) * 2 ** 32 + buffer.readUInt32BE(at + 4);
}
