/**
 * Test support: the namespace as a map from paths to files, and a map of directories. What one look-up does there,
 * here a look at every path does.
 */

export interface TwinFile {
  readonly size: number;
  readonly block: number;
  /** Blocks behind the first. */
  readonly more?: readonly number[];
  readonly mode?: number;
}

/** What a snapshot shows, by paths behind that of its directory. */
export interface TwinSnapshot {
  readonly files: ReadonlyMap<string, TwinFile>;
  readonly directories: ReadonlyMap<string, { readonly mode?: number }>;
}

export class PathTwin {
  /** Path without a `/` in front: `bucket/a/b`. */
  readonly files = new Map<string, TwinFile>();
  /** Path with `/` at its end; whether it goes with its last entry. */
  readonly directories = new Map<string, { implicit: boolean; mode?: number }>();
  /** By the path of a directory that may have some, with `/` at its end: snapshots by their names. */
  readonly snapshots = new Map<string, Map<string, TwinSnapshot>>();

  /** @returns the code of the refusal, or undefined. */
  put(path: readonly string[], file: TwinFile): string | undefined {
    if (!this.directories.has(`${path[0]}/`)) return 'not-found';
    for (let depth = 2; depth < path.length; depth++) {
      const above = `${path.slice(0, depth).join('/')}/`;
      if (!this.directories.has(above)) this.directories.set(above, { implicit: true });
    }
    this.files.set(path.join('/'), file);
    return undefined;
  }

  remove(path: readonly string[]): void {
    if (this.files.delete(path.join('/'))) this.prune(path.slice(0, -1));
  }

  makeDirectory(path: readonly string[]): void {
    for (let depth = 1; depth <= path.length; depth++) {
      const at = `${path.slice(0, depth).join('/')}/`;
      const isLast = depth === path.length;
      const there = this.directories.get(at);
      if (there === undefined) this.directories.set(at, { implicit: false });
      else if (isLast) there.implicit = false;
    }
  }

  setMode(path: readonly string[], kind: 'file' | 'directory', mode: number): string | undefined {
    if (kind === 'directory') {
      const directory = this.directories.get(`${path.join('/')}/`);
      if (directory === undefined) return 'not-found';
      directory.mode = mode;
      return undefined;
    }
    const file = this.files.get(path.join('/'));
    if (file === undefined) return 'not-found';
    this.files.set(path.join('/'), { ...file, mode });
    return undefined;
  }

  /** Gives a file other blocks behind its first. */
  rewrite(path: readonly string[], size: number, more: readonly number[]): void {
    const file = this.files.get(path.join('/'))!;
    this.files.set(path.join('/'), { ...file, size, more });
  }

  removeDirectory(path: readonly string[], recursive: boolean): string | undefined {
    const at = `${path.join('/')}/`;
    if (!this.directories.has(at)) return 'not-found';
    if (!recursive && this.children(at) > 0) return 'not-empty';
    if (this.hasSnapshots(at)) return 'snapshot';
    for (const key of [...this.files.keys()]) if (key.startsWith(at)) this.files.delete(key);
    for (const key of [...this.directories.keys()]) {
      if (key.startsWith(at)) this.directories.delete(key);
    }
    this.prune(path.slice(0, -1));
    return undefined;
  }

  rename(
    from: readonly string[],
    to: readonly string[],
    kind: 'file' | 'directory',
    overwrite: boolean,
  ): string | undefined {
    const above = (path: readonly string[]): string => `${path.slice(0, -1).join('/')}/`;
    const has = (path: string): boolean => path === '/' || this.directories.has(path);
    if (!has(above(from)) || !has(above(to))) return 'not-found';
    const source = from.join('/');
    const target = to.join('/');
    if (source === target) return undefined;
    const there = kind === 'file' ? this.files.has(source) : has(`${source}/`);
    if (!there) return 'not-found';
    if (kind === 'directory' && `${above(to)}`.startsWith(`${source}/`)) return 'into-itself';
    if (kind === 'directory' && this.hasSnapshots(`${source}/`)) return 'snapshot';
    const file = this.files.has(target);
    const directory = this.directories.has(`${target}/`);
    if (!overwrite && (file || directory)) return 'exists';
    if (kind === 'file' && directory) return 'is-a-directory';
    if (kind === 'directory' && file) return 'exists';
    if (directory) {
      if (this.children(`${target}/`) > 0) return 'not-empty';
      if (this.hasSnapshots(`${target}/`)) return 'snapshot';
      this.directories.delete(`${target}/`);
    }
    if (kind === 'file') {
      this.files.set(target, this.files.get(source)!);
      this.files.delete(source);
      return undefined;
    }
    for (const map of [this.files, this.directories] as Map<string, never>[]) {
      for (const [key, value] of [...map]) {
        if (!key.startsWith(`${source}/`)) continue;
        map.delete(key);
        map.set(target + key.slice(source.length), value);
      }
    }
    return undefined;
  }

  /** Whether a directory, or one below it, may have snapshots. */
  private hasSnapshots(at: string): boolean {
    return [...this.snapshots.keys()].some((root) => root.startsWith(at));
  }

  allowSnapshots(path: readonly string[]): string | undefined {
    const at = `${path.join('/')}/`;
    const directory = this.directories.get(at);
    if (directory === undefined) return 'not-found';
    if (this.snapshots.has(at)) return undefined;
    const nested = [...this.snapshots.keys()].some(
      (root) => root.startsWith(at) || at.startsWith(root),
    );
    if (nested) return 'snapshot';
    directory.implicit = false;
    this.snapshots.set(at, new Map());
    return undefined;
  }

  takeSnapshot(path: readonly string[], name: string): string | undefined {
    const at = `${path.join('/')}/`;
    if (!this.directories.has(at)) return 'not-found';
    const taken = this.snapshots.get(at);
    if (taken === undefined || taken.has(name)) return 'snapshot';
    const below = <T>(all: ReadonlyMap<string, T>): Map<string, T> =>
      new Map(
        [...all]
          .filter(([key]) => key.startsWith(at))
          .map(([key, value]) => [key.slice(at.length), { ...value }]),
      );
    taken.set(name, { files: below(this.files), directories: below(this.directories) });
    return undefined;
  }

  /** What a list of a bucket gives, all pages together. */
  list(bucket: string, prefix: string, delimiter: string, after: string): string[] {
    const keys = [...this.files.keys()]
      .filter((path) => path.startsWith(`${bucket}/`))
      .map((path) => path.slice(bucket.length + 1))
      .filter((key) => key.startsWith(prefix))
      .map((key) => {
        const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
        return at < 0 ? key : `${key.slice(0, at + delimiter.length)} (rolled up)`;
      })
      .filter((key) => compare(key.replace(' (rolled up)', ''), after) > 0);
    return [...new Set(keys)].sort((a, b) =>
      compare(a.replace(' (rolled up)', ''), b.replace(' (rolled up)', '')),
    );
  }

  /** What is below a directory. */
  tally(at: string): { files: number; directories: number; bytes: number; children: number } {
    const files = [...this.files].filter(([path]) => path.startsWith(at));
    return {
      children: this.children(at),
      files: files.length,
      directories: [...this.directories.keys()].filter((path) => path.startsWith(at) && path !== at)
        .length,
      bytes: files.reduce((sum, [, { size }]) => sum + size, 0),
    };
  }

  private children(at: string): number {
    const isIn = (path: string, name: string): boolean =>
      path.startsWith(at) && !name.includes('/');
    const files = [...this.files.keys()].filter((path) => isIn(path, path.slice(at.length)));
    const directories = [...this.directories.keys()].filter(
      (path) => path !== at && isIn(path, path.slice(at.length, -1)),
    );
    return files.length + directories.length;
  }

  private prune(path: readonly string[]): void {
    for (let depth = path.length; depth > 1; depth--) {
      const at = `${path.slice(0, depth).join('/')}/`;
      if (this.directories.get(at)?.implicit !== true || this.children(at) > 0) return;
      this.directories.delete(at);
    }
  }
}

function compare(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
