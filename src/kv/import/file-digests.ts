/** The keys of an RDB file with the digests of their values, a batch after the other. */
import type { RdbFileSink, RdbKeyInfo } from '../rdb/index.ts';
import { ValueDigest } from './value-digest.ts';

export interface FileKey {
  readonly key: Buffer;
  readonly digest: string;
  readonly expireAtMs: number | null;
}

export interface FileKeys {
  readonly db: number;
  readonly keys: FileKey[];
}

export class FileDigests extends ValueDigest implements RdbFileSink {
  private db = 0;
  private key: Buffer = Buffer.alloc(0);
  private expireAtMs: number | null = null;
  private batches: FileKeys[] = [];

  /** What came since the last call. */
  takeKeys(): readonly FileKeys[] {
    const { batches } = this;
    this.batches = [];
    return batches;
  }

  onHeader(): void {}
  onAux(): void {}
  onResizeDb(): void {}
  onFunction(): void {}

  onSelectDb(db: number): void {
    this.db = db;
  }

  onKey(key: Buffer, { expireAtMs }: RdbKeyInfo): boolean {
    this.key = Buffer.from(key);
    this.expireAtMs = expireAtMs;
    return true;
  }

  endKey(): void {
    const { db, key, expireAtMs } = this;
    const isEmpty = this.holdsNothing;
    const digest = this.take();
    // Redis drops collections that hold nothing.
    if (isEmpty) return;
    let batch = this.batches.at(-1);
    if (batch?.db !== db) {
      batch = { db, keys: [] };
      this.batches.push(batch);
    }
    batch.keys.push({ key, digest, expireAtMs });
  }
}
