import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FilesError } from '../errors.ts';
import { blockKey, Space, savedByRange, spaceRange } from './keys.ts';
import { type ListPage, listFiles } from './list.ts';
import { MAKE, NamespaceWorld, putArgs } from './namespace-world.ts';
import { PathTwin, type TwinFile } from './path-twin.ts';
import { Reclaimer } from './reclaimer.ts';
import { decodeBlock } from './records.ts';
import { checkReferences, readSnapshot, shownSnapshot } from './snapshots/testing.ts';

const anyName = fc.constantFrom('a', 'b', 'a.b', '', 'a0', '.');
const fewNames = fc.constantFrom('a', 'b');
/** Directories that may have snapshots. */
const root = fc.constantFrom(['bucket'], ['bucket', 'a'], ['bucket', 'b'], ['bucket', 'a', 'a']);

function operationsOn(name: fc.Arbitrary<string>, listed: number, snapped: number) {
  const path = fc
    .array(name, { minLength: 1, maxLength: 3 })
    // No key is empty.
    .filter((names) => names.join('/') !== '')
    .map((names) => ['bucket', ...names]);
  const maybeBucket = fc.oneof({ weight: 8, arbitrary: path }, fc.constant(['other', 'a']));
  return fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('put' as const), path: maybeBucket }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('remove' as const), path }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('mkdir' as const), path }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('rmdir' as const),
        path,
        recursive: fc.boolean(),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('rename' as const),
        path,
        to: path,
        what: fc.constantFrom('file' as const, 'directory' as const),
        overwrite: fc.boolean(),
      }),
    },
    {
      weight: listed,
      arbitrary: fc.record({
        kind: fc.constant('list' as const),
        prefix: fc.constantFrom('', 'a', 'a/', 'a/b', 'b/', '/'),
        delimiter: fc.constantFrom('', '/', 'b', '/a'),
        after: fc.constantFrom('', 'a', 'a/', 'a.', 'a/b', 'b'),
        max: fc.constantFrom(1, 2, 5, 1000),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('mode' as const),
        path,
        what: fc.constantFrom('file' as const, 'directory' as const),
        mode: fc.constantFrom(0o700, 0o750, 0o640),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constantFrom('append' as const, 'truncate' as const),
        path,
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('allow' as const), path: root }) },
    {
      weight: snapped,
      arbitrary: fc.record({
        kind: fc.constantFrom('take' as const, 'take' as const, 'give' as const, 'look' as const),
        root,
        snapshot: fc.constantFrom('s1', 's2', 's3', 's4'),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: 'crash' as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'reclaim' as const }) },
    { weight: 2, arbitrary: fc.constant({ kind: 'reclaim-some' as const }) },
  );
}
type Operation = ReturnType<typeof operationsOn> extends fc.Arbitrary<infer T> ? T : never;

test('the namespace does what a map of paths does, across crashes', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(operationsOn(anyName, 4, 4), { minLength: 5, maxLength: 60, size: 'max' }),
      fc.nat(),
      async (operations, seed) => {
        const run = new Run(seed);
        await run.start();
        for (const each of operations) await run.step(each);
        await run.checkAll();
      },
    ),
    { numRuns: Number(process.env.PLINTH_FILES_RUNS ?? 60) },
  );
});

test('snapshots show what was there when they were taken, and nothing of them stays', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(operationsOn(fewNames, 0, 8), { minLength: 30, maxLength: 90, size: 'max' }),
      root,
      fc.boolean(),
      fc.nat(),
      async (operations, path, moves, seed) => {
        const run = new Run(seed);
        await run.start();
        await run.step({ kind: 'mkdir', path: ['bucket', 'a', 'a'] });
        await run.step({ kind: 'mkdir', path: ['bucket', 'b', 'b'] });
        await run.step({ kind: 'put', path: ['bucket', 'a', 'b'] });
        await run.step({ kind: 'allow', path });
        for (const each of operations) {
          const isMove = each.kind === 'rename' && each.what === 'directory';
          if (moves || !isMove) await run.step(each);
        }
        await run.checkAll();
      },
    ),
    { numRuns: Number(process.env.PLINTH_FILES_RUNS ?? 60) },
  );
});

function targetOf(path: readonly string[]): { directory: readonly string[]; name: string } {
  return { directory: path.slice(0, -1), name: path[path.length - 1]! };
}

class Run {
  private readonly world: NamespaceWorld;
  private readonly twin = new PathTwin();
  private blocks = 100_000;
  private readonly living = new Set<number>();
  private hasMoved = false;

  constructor(seed: number) {
    this.world = new NamespaceWorld(seed);
  }

  async start(): Promise<void> {
    await this.world.start();
    await this.world.run('makeDirectory', { path: ['bucket'], make: { ...MAKE, implicit: false } });
    this.twin.makeDirectory(['bucket']);
  }

  async step(operation: Operation): Promise<void> {
    const { world, twin } = this;
    switch (operation.kind) {
      case 'put': {
        const size = (this.blocks % 7) * 100;
        const block = size === 0 ? 0 : ++this.blocks;
        if (size === 0) this.blocks++;
        const wanted = twin.put(operation.path, { size, block });
        const args = putArgs(operation.path, { block, size });
        assert.equal(await this.refusal(() => world.run('put', args)), wanted);
        if (wanted === undefined && block > 0) this.living.add(block);
        break;
      }
      case 'remove': {
        const directory = operation.path.slice(0, -1);
        const [name] = operation.path.slice(-1) as [string];
        await world.run('remove', { directory, name, versioning: 'off' });
        twin.remove(operation.path);
        break;
      }
      case 'mkdir':
        await world.run('makeDirectory', {
          path: operation.path,
          make: { ...MAKE, implicit: false },
        });
        twin.makeDirectory(operation.path);
        break;
      case 'rmdir': {
        const { path, recursive } = operation;
        const wanted = twin.removeDirectory(path, recursive);
        const met = await this.refusal(() => world.run('removeDirectory', { path, recursive }));
        assert.equal(met, wanted);
        break;
      }
      case 'rename': {
        const { path: from, to, what: kind, overwrite } = operation;
        const wanted = twin.rename(from, to, kind, overwrite);
        if (kind === 'directory' && wanted === undefined) this.hasMoved = true;
        const met = await this.refusal(() => world.run('rename', { from, to, kind, overwrite }));
        assert.equal(met, wanted, `${kind} ${from.join('/')} to ${to.join('/')}`);
        break;
      }
      case 'list': {
        const { prefix, delimiter, after, max } = operation;
        const wanted = twin.list('bucket', prefix, delimiter, after);
        assert.deepEqual(await this.listAll({ prefix, delimiter, after, max }), wanted);
        break;
      }
      case 'mode': {
        const { path, what, mode } = operation;
        const wanted = twin.setMode(path, what, mode);
        const change = { permission: mode };
        const met = await this.refusal(() =>
          what === 'directory'
            ? world.run('setDirectory', { path, change })
            : world.run('setFile', { ...targetOf(path), change }),
        );
        assert.equal(met, wanted);
        break;
      }
      case 'append':
      case 'truncate':
        await this.rewrite(operation.kind, operation.path);
        break;
      case 'allow': {
        const wanted = twin.allowSnapshots(operation.path);
        const args = { path: operation.path };
        assert.equal(await this.refusal(() => world.run('allowSnapshots', args)), wanted);
        break;
      }
      case 'take': {
        const { root: path, snapshot } = operation;
        const wanted = twin.takeSnapshot(path, snapshot);
        const args = { path, snapshot };
        assert.equal(await this.refusal(() => world.run('createSnapshot', args)), wanted);
        break;
      }
      case 'give': {
        const { root: path, snapshot } = operation;
        const taken = twin.snapshots.get(`${path.join('/')}/`);
        if (taken?.delete(snapshot) === true) await world.run('deleteSnapshot', { path, snapshot });
        break;
      }
      case 'look':
        await this.checkSnapshots();
        break;
      case 'crash':
        await world.crash(this.blocks % 2 === 0 ? 'power' : 'kill');
        break;
      case 'reclaim':
        await this.reclaim();
        break;
      case 'reclaim-some':
        await this.reclaimSome();
        break;
    }
  }

  /** Blocks come behind the first of a file, or all of those go. */
  private async rewrite(kind: 'append' | 'truncate', path: readonly string[]): Promise<void> {
    const { world, twin } = this;
    const file = twin.files.get(path.join('/'));
    if (file === undefined || file.block === 0) return;
    const target = targetOf(path);
    const { more = [] } = file;
    if (kind === 'truncate') {
      const size = file.size - more.length * 10;
      await world.run('truncate', { ...target, size, etag: 't' });
      twin.rewrite(path, size, []);
      return;
    }
    const block = ++this.blocks;
    await world.run('append', {
      ...{ ...target, bytes: 10, etag: 'a', sizeBefore: file.size },
      content: {
        extents: [{ block, stamp: 1, offset: 0, length: 10 }],
        newBlocks: [{ block, stamp: 1, length: 10 }],
      },
    });
    this.living.add(block);
    twin.rewrite(path, file.size + 10, [...more, block]);
  }

  /** Each snapshot shows what was there when it was taken. */
  private async checkSnapshots(): Promise<void> {
    for (const [at, taken] of this.twin.snapshots) {
      const path = at.slice(0, -1).split('/');
      for (const [name, wanted] of taken) {
        const shown = await readSnapshot(this.world, path, name);
        assert.deepEqual(shown, shownSnapshot(wanted), `${at}.snapshot/${name}`);
      }
    }
  }

  /** No block is there that neither a file nor a snapshot has. */
  private checkNothingIdle(): void {
    const { twin } = this;
    const needed = new Set<number>();
    const need = (files: ReadonlyMap<string, TwinFile>): void => {
      for (const { block, more = [] } of files.values())
        for (const each of [block, ...more]) needed.add(each);
    };
    need(twin.files);
    for (const taken of twin.snapshots.values())
      for (const { files } of taken.values()) need(files);
    needed.delete(0);
    assert.deepEqual(
      [...this.living].sort(),
      [...needed].sort(),
      'blocks that nobody sees are free',
    );
  }

  /** All snapshots go, and with them all that only they had. */
  private async forgetSnapshots(): Promise<void> {
    const { world, twin } = this;
    for (const [at, taken] of twin.snapshots) {
      const path = at.slice(0, -1).split('/');
      for (const snapshot of taken.keys()) {
        taken.delete(snapshot);
        await world.run('deleteSnapshot', { path, snapshot });
        if (taken.size % 2 === 1) await this.checkSnapshots();
        if (taken.size % 3 === 1) await this.reclaim();
      }
      await world.run('disallowSnapshots', { path });
    }
    twin.snapshots.clear();
    await this.reclaim();
    const { saved, savedBy, snapshotRoot, snapshots, owners, left, reclaim } = Space;
    for (const space of [saved, savedBy, snapshotRoot, snapshots, owners, left, reclaim]) {
      assert.equal(await this.count(space), 0, `of space ${space} nothing is left`);
    }
  }

  async checkAll(): Promise<void> {
    const { world, twin } = this;
    await this.checkSnapshots();
    await this.reclaim();
    await this.checkSnapshots();
    await checkReferences(world);
    // Of what was moved in a deleted snapshot may have left more than the one before it sees.
    if (!this.hasMoved) this.checkNothingIdle();
    await this.forgetSnapshots();
    assert.deepEqual(
      await this.listAll({ prefix: '', delimiter: '', after: '', max: 3 }),
      twin.list('bucket', '', '', ''),
    );
    const { reader } = world.namespace;
    for (const [path, { size }] of twin.files) {
      const names = path.split('/');
      const file = await world.settle(reader.head(names.slice(0, -1), names.at(-1)!));
      assert.equal(file?.size, size, path);
    }
    for (const at of twin.directories.keys()) {
      const names = at.slice(0, -1).split('/');
      const inode = await world.settle(reader.directory(names));
      assert.ok(inode !== null, at);
      const { space, modifiedMs, roots, ...tally } = await world.settle(reader.tally(inode.id));
      assert.deepEqual(tally, twin.tally(at), at);
      assert.equal(space, tally.bytes * 2);
      assert.ok(modifiedMs > 0);
      assert.equal(roots, 0);
    }
    await this.reclaim();
    const named = [...twin.files.values()]
      .flatMap(({ block, more = [] }) => [block, ...more])
      .filter((block) => block > 0);
    for (const block of named) {
      const stored = await world.settle(Promise.resolve(reader.get(blockKey(block))));
      assert.equal(decodeBlock(stored!).references, 1);
    }
    assert.deepEqual([...this.living].sort(), named.sort(), 'blocks of no file are free');
    assert.equal(await this.count(Space.block), named.length);
    assert.equal(await this.count(Space.tally), twin.directories.size + 1);
    assert.equal(await this.count(Space.entry), twin.directories.size + twin.files.size);
  }

  /** A slice of one record of what each deleted snapshot has saved: the next operation meets the rest. */
  private async reclaimSome(): Promise<void> {
    const { world } = this;
    const { reader } = world.namespace;
    for (const { nth, what } of await world.settle(reader.reclaims(100))) {
      if (what.kind !== 'snapshot') continue;
      const keys: Buffer[] = [];
      const range = savedByRange(what.root, what.number);
      await world.settle(reader.each(range, (key) => keys.push(Buffer.from(key)) < 2));
      await world.run('reclaimSlice', { nth, keys: keys.slice(0, 1), isLast: keys.length === 0 });
    }
  }

  private async count(space: number): Promise<number> {
    let count = 0;
    await this.world.settle(
      this.world.namespace.reader.each(spaceRange(space), () => {
        count++;
        return true;
      }),
    );
    return count;
  }

  private async reclaim(): Promise<void> {
    const { world } = this;
    const reclaimer = new Reclaimer({
      namespace: world.namespace,
      clock: world.clock,
      onFreed: (blocks) => {
        for (const { block } of blocks) assert.ok(this.living.delete(block), 'it was in use');
      },
      onError: (error) => assert.fail(String(error)),
    });
    reclaimer.kick();
    await world.settle(reclaimer.idle());
  }

  private async listAll(query: {
    readonly prefix: string;
    readonly delimiter: string;
    readonly after: string;
    readonly max: number;
  }): Promise<string[]> {
    const { world } = this;
    const all: string[] = [];
    let { after } = query;
    for (;;) {
      const page: ListPage = await world.settle(
        listFiles(world.namespace.reader, { ...query, bucket: 'bucket', after }),
      );
      assert.ok(page.items.length <= query.max);
      for (const { key, file } of page.items) {
        all.push(file === undefined ? `${key} (rolled up)` : key);
      }
      if (!page.isTruncated) return all;
      after = page.items.at(-1)!.key;
    }
  }

  private async refusal(work: () => Promise<unknown>): Promise<string | undefined> {
    try {
      await work();
      return undefined;
    } catch (error) {
      if (error instanceof FilesError) return error.code;
      throw error;
    }
  }
}
