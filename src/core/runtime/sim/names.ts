/**
 * The folders of a simulated disk. A change of a name is seen at once and durable after a sync of its
 * folder (a new folder is durable at once); at a power loss some of the unsynced changes have reached the disk: mostly the older ones
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
  /** The folder, empty by then, that this change removes. */
  readonly removed?: string;
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
    for (let at = path; !this.#folders.has(at); at = dirname(at)) {
      this.#folders.add(at);
      this.#forgetRemoved(at);
    }
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
    if (!this.#folders.has(dirname(to))) throw missing(dirname(to));
    this.#change(to, [
      [from, null],
      [to, inode],
    ]);
  }

  /** `to` is free and its folder is there. */
  link(from: string, to: string): void {
    this.#change(to, [[to, this.get(from)]]);
  }

  /** Of an empty folder. */
  removeFolder(path: string): void {
    this.#folders.delete(path);
    this.#dirty.push({ order: ++this.#order, folder: dirname(path), changes: [], removed: path });
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
    const back: string[] = [];
    for (const [nth, dirty] of this.#dirty.entries()) {
      if (inOrder ? nth < count : random.chance(0.5)) this.#apply(dirty);
      else if (dirty.removed !== undefined) back.push(dirty.removed);
    }
    this.#dirty = [];
    for (const folder of back) this.#bringBack(folder);
    for (const path of [...this.#durable.keys()]) {
      if (!this.#folders.has(dirname(path))) this.#durable.delete(path);
    }
    this.#now = new Map(this.#durable);
  }

  #change(path: string, changes: DirtyName['changes']): void {
    for (const [name, inode] of changes) set(this.#now, name, inode);
    this.#dirty.push({ order: ++this.#order, folder: dirname(path), changes });
  }

  #bringBack(folder: string): void {
    for (let at = folder; !this.#folders.has(at); at = dirname(at)) this.#folders.add(at);
  }

  /** A folder is new, and durable: nothing that an earlier one of this name held may come up again. */
  #forgetRemoved(folder: string): void {
    const still: DirtyName[] = [];
    for (const dirty of this.#dirty) {
      if (dirty.folder === folder) this.#apply(dirty);
      else if (dirty.removed !== folder) still.push(dirty);
    }
    this.#dirty = still;
    for (const path of [...this.#durable.keys()]) {
      if (dirname(path) === folder) this.#durable.delete(path);
    }
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
