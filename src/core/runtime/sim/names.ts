/**
 * The folders of a simulated disk. A change of a name is seen at once and durable after a sync of its
 * folder; at a power loss some of the unsynced changes have reached the disk: mostly the older ones
 * first, as on a journaling file system, at times any of them, as POSIX allows.
 */
import { basename, dirname } from 'node:path';
import { Inode } from './inode.ts';
import type { SimRandom } from './random.ts';

/** A change not yet durable: `path` names `inode` now, or nothing. A rename is two changes in one. */
export interface DirtyName {
  readonly order: number;
  readonly folder: string;
  readonly changes: readonly (readonly [path: string, inode: Inode | null])[];
}

export class SimNames {
  readonly #folders = new Set<string>(['/']);
  #now = new Map<string, Inode>();
  readonly #durable = new Map<string, Inode>();
  #dirty: DirtyName[] = [];
  #order = 0;

  find(path: string): Inode | undefined {
    return this.#now.get(path);
  }

  get(path: string): Inode {
    const inode = this.#now.get(path);
    if (inode === undefined) throw missing(path);
    return inode;
  }

  isDirectory(path: string): boolean {
    return this.#folders.has(path);
  }

  mkdir(path: string): void {
    for (let at = path; !this.#folders.has(at); at = dirname(at)) this.#folders.add(at);
  }

  list(folder: string): string[] {
    if (!this.#folders.has(folder)) throw missing(folder);
    const names = [...this.#now.keys(), ...this.#folders].filter(
      (path) => path !== '/' && dirname(path) === folder,
    );
    return names.map((path) => basename(path)).sort();
  }

  create(path: string): Inode {
    const inode = new Inode();
    this.#change(path, [[path, inode]]);
    return inode;
  }

  rename(from: string, to: string): void {
    const inode = this.get(from);
    this.#change(to, [
      [from, null],
      [to, inode],
    ]);
  }

  unlink(path: string): void {
    this.get(path);
    this.#change(path, [[path, null]]);
  }

  /** All files that a reader or a power loss could still bring up. */
  inodes(): Set<Inode> {
    const all = new Set<Inode>([...this.#now.values(), ...this.#durable.values()]);
    for (const { changes } of this.#dirty) {
      for (const [, inode] of changes) if (inode !== null) all.add(inode);
    }
    return all;
  }

  usedBytes(): number {
    let bytes = 0;
    for (const inode of new Set(this.#now.values())) bytes += inode.cacheBytes;
    return bytes;
  }

  lastDirty(): DirtyName | undefined {
    return this.#dirty.at(-1);
  }

  /** Makes the changes in a folder up to `order` durable. */
  sync(folder: string, order: number): void {
    const still: DirtyName[] = [];
    for (const dirty of this.#dirty) {
      if (dirty.folder === folder && dirty.order <= order) this.#apply(dirty);
      else still.push(dirty);
    }
    this.#dirty = still;
  }

  losePower(random: SimRandom): void {
    const inOrder = random.chance(0.7);
    const count = random.below(this.#dirty.length + 1);
    for (const [nth, dirty] of this.#dirty.entries()) {
      if (inOrder ? nth < count : random.chance(0.5)) this.#apply(dirty);
    }
    this.#dirty = [];
    this.#now = new Map(this.#durable);
  }

  #change(path: string, changes: DirtyName['changes']): void {
    for (const [name, inode] of changes) set(this.#now, name, inode);
    this.#dirty.push({ order: ++this.#order, folder: dirname(path), changes });
  }

  #apply(dirty: DirtyName): void {
    for (const [name, inode] of dirty.changes) set(this.#durable, name, inode);
  }
}

function set(names: Map<string, Inode>, path: string, inode: Inode | null): void {
  if (inode === null) names.delete(path);
  else names.set(path, inode);
}

function missing(path: string): Error {
  return Object.assign(new Error(`ENOENT: simulated, ${path}`), { code: 'ENOENT' });
}
