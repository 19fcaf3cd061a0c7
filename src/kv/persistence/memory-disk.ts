/**
 * A disk in memory with just what writing and loading a checkpoint ask for: for a checkpoint that is
 * read back at once.
 */
import type { DiskFile } from '../../core/runtime/index.ts';
import type { CheckpointDisk } from './checkpointer.ts';

const FIRST_BYTES = 1024 * 1024;

export class MemoryDisk implements CheckpointDisk {
  private readonly files = new Map<string, MemoryFile>();

  openSync(path: string): DiskFile {
    let file = this.files.get(path);
    if (file === undefined) {
      file = new MemoryFile(path);
      this.files.set(path, file);
    }
    return file;
  }

  renameSync(from: string, to: string): void {
    this.files.set(to, this.files.get(from)!);
    this.files.delete(from);
  }

  unlinkSync(path: string): void {
    this.files.delete(path);
  }

  listSync(folder: string): string[] {
    const prefix = `${folder}/`;
    return [...this.files.keys()]
      .filter((path) => path.startsWith(prefix))
      .map((path) => path.slice(prefix.length))
      .sort();
  }

  syncDirectorySync(): void {}
}

class MemoryFile implements DiskFile {
  readonly path: string;
  private bytes = Buffer.alloc(FIRST_BYTES);
  private size = 0;

  constructor(path: string) {
    this.path = path;
  }

  readSync(into: Buffer, at: number, length: number, position: number): number {
    const end = Math.min(this.size, position + length);
    return end <= position ? 0 : this.bytes.copy(into, at, position, end);
  }

  writeSync(from: Buffer, at: number, length: number, position: number): number {
    const end = position + length;
    if (end > this.bytes.length) {
      const larger = Buffer.alloc(Math.max(end, this.bytes.length * 2));
      this.bytes.copy(larger, 0, 0, this.size);
      this.bytes = larger;
    }
    from.copy(this.bytes, position, at, at + length);
    this.size = Math.max(this.size, end);
    return length;
  }

  read(...[into, at, length, position, done]: Parameters<DiskFile['read']>): void {
    done(null, this.readSync(into, at, length, position));
  }

  write(...[from, at, length, position, done]: Parameters<DiskFile['write']>): void {
    done(null, this.writeSync(from, at, length, position));
  }

  datasync(done: (error: Error | null) => void): void {
    done(null);
  }

  datasyncSync(): void {}

  truncateSync(bytes: number): void {
    this.size = Math.min(this.size, bytes);
  }

  sizeSync(): number {
    return this.size;
  }

  closeSync(): void {}
}
