/** Which DataNode this is, and of which file system: kept in a file, the same after a restart. */
import { join } from 'node:path';
import type { Disk, Random } from '../../core/runtime/index.ts';
import { readFileWhole, writeFileAtomic } from '../../core/store/index.ts';
import { newIdentity } from '../blocks/block-disk.ts';
import { FilesError } from '../errors.ts';

const IDENTITY = /^[0-9a-f]{16}$/;

export class NodeIdentity {
  readonly id: string;
  /** Of the file system; empty: it has not joined one yet. */
  owner: string;
  private readonly disk: Disk;
  private readonly path: string;

  private constructor(disk: Disk, path: string, id: string, owner: string) {
    this.disk = disk;
    this.path = path;
    this.id = id;
    this.owner = owner;
  }

  /** Makes a new one where there is none. @throws FilesError 'corrupt', the disk's errors. */
  static open(disk: Disk, random: Random, folder: string): NodeIdentity {
    const path = join(folder, 'node.json');
    const bytes = readFileWhole(disk, path);
    if (bytes !== null) {
      const { id, owner } = parse(bytes, path);
      return new NodeIdentity(disk, path, id, owner);
    }
    const identity = new NodeIdentity(disk, path, newIdentity(random), '');
    identity.write();
    return identity;
  }

  /** It has joined a file system, for good. @throws the disk's errors. */
  join(owner: string): void {
    if (!IDENTITY.test(owner)) throw new FilesError('foreign', 'the NameNode has no identity');
    this.owner = owner;
    this.write();
  }

  private write(): void {
    const { id, owner } = this;
    const text = `${JSON.stringify({ format: 1, id, owner })}\n`;
    writeFileAtomic(this.disk, this.path, Buffer.from(text));
  }
}

function parse(bytes: Buffer, path: string): { readonly id: string; readonly owner: string } {
  try {
    const parsed: unknown = JSON.parse(bytes.toString());
    if (typeof parsed === 'object' && parsed !== null) {
      const { format, id, owner } = parsed as Record<string, unknown>;
      if (format === 1 && typeof id === 'string' && typeof owner === 'string') {
        if (IDENTITY.test(id) && (owner === '' || IDENTITY.test(owner))) return { id, owner };
      }
    }
  } catch {
    // Told below.
  }
  throw new FilesError('corrupt', `${path} does not say which DataNode this is`);
}
