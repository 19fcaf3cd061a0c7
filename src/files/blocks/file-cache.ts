/**
 * Files of blocks and containers that readers use, kept open for the next one.
 *
 * Invariant: a file is not closed while somebody holds it.
 */
import type { Disk, DiskFile } from '../../core/runtime/index.ts';
import { openFilesMax } from '../limits.ts';

interface Entry {
  readonly file: DiskFile;
  holders: number;
  /** Nobody may find it any more. */
  gone: boolean;
}

export interface HeldFile {
  readonly file: DiskFile;
  /** Once. */
  release(): void;
}

export class FileCache {
  private readonly disk: Disk;
  /** Least used first. */
  private readonly entries = new Map<string, Entry>();

  constructor(disk: Disk) {
    this.disk = disk;
  }

  /** @throws the disk's error, ENOENT among them. */
  async hold(path: string): Promise<HeldFile> {
    let entry = this.entries.get(path);
    if (entry === undefined) {
      const file = await this.disk.open(path, { mode: 'read' });
      const meanwhile = this.entries.get(path);
      if (meanwhile === undefined) entry = { file, holders: 0, gone: false };
      else {
        file.closeSync();
        entry = meanwhile;
      }
    }
    this.entries.delete(path);
    this.entries.set(path, entry);
    entry.holders++;
    this.shrink();
    const held = entry;
    return {
      file: held.file,
      release: () => {
        held.holders--;
        if (held.gone && held.holders === 0) held.file.closeSync();
      },
    };
  }

  /** The file is deleted: who holds it goes on, nobody else finds it. */
  forget(path: string): void {
    const entry = this.entries.get(path);
    if (entry === undefined) return;
    this.entries.delete(path);
    entry.gone = true;
    if (entry.holders === 0) entry.file.closeSync();
  }

  close(): void {
    for (const path of [...this.entries.keys()]) this.forget(path);
  }

  private shrink(): void {
    for (const [path, entry] of this.entries) {
      if (this.entries.size <= openFilesMax) return;
      if (entry.holders === 0) this.forget(path);
    }
  }
}
