/**
 * Ids of the DataNodes that have registered, kept in a file: a NameNode that starts waits for their reports before it calls
 * anything lost.
 */
import { join } from 'node:path';
import type { Disk } from '../../core/runtime/index.ts';
import { readFileWhole, writeFileAtomic } from '../../core/store/index.ts';
import { FilesError } from '../errors.ts';

const NODE_ID = /^[0-9a-z]{1,32}$/;
export const NODES_MAX = 4096;

export class KnownNodes {
  private readonly disk: Disk;
  private readonly path: string;
  private readonly ids: Set<string>;

  private constructor(disk: Disk, path: string, ids: readonly string[]) {
    this.disk = disk;
    this.path = path;
    this.ids = new Set(ids);
  }

  /** @throws FilesError 'corrupt', the disk's errors. */
  static open(disk: Disk, folder: string): KnownNodes {
    const path = join(folder, 'nodes.json');
    const bytes = readFileWhole(disk, path);
    return new KnownNodes(disk, path, bytes === null ? [] : parse(bytes, path));
  }

  get all(): readonly string[] {
    return [...this.ids];
  }

  /** False: there are too many, or it is no id. @throws the disk's errors. */
  add(id: string): boolean {
    if (this.ids.has(id)) return true;
    if (!NODE_ID.test(id) || this.ids.size >= NODES_MAX) return false;
    this.ids.add(id);
    this.write();
    return true;
  }

  /** @throws the disk's errors. */
  remove(id: string): void {
    if (this.ids.delete(id)) this.write();
  }

  private write(): void {
    const text = `${JSON.stringify({ format: 1, nodes: [...this.ids] })}\n`;
    writeFileAtomic(this.disk, this.path, Buffer.from(text));
  }
}

function parse(bytes: Buffer, path: string): readonly string[] {
  try {
    const parsed: unknown = JSON.parse(bytes.toString());
    if (typeof parsed === 'object' && parsed !== null) {
      const { format, nodes } = parsed as Record<string, unknown>;
      if (format === 1 && Array.isArray(nodes) && nodes.every((id) => NODE_ID.test(String(id)))) {
        return nodes.map(String);
      }
    }
  } catch {
    // Told below.
  }
  throw new FilesError('corrupt', `${path} does not say which DataNodes there are`);
}
