/** Snapshots of a bucket that keeps versions, or does so no more: they show what could be seen. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FilesError } from '../../errors.ts';
import { Space, spaceRange } from '../keys.ts';
import { listFiles, listVersions } from '../list.ts';
import { MAKE, NamespaceWorld, putArgs } from '../namespace-world.ts';
import { Reclaimer } from '../reclaimer.ts';
import { checkReferences, readSnapshot } from './testing.ts';

const name = fc.constantFrom('a', 'b', 'd/c');
const mode = fc.constantFrom('on' as const, 'on' as const, 'suspended' as const, 'off' as const);
const snapshot = fc.constantFrom('s1', 's2', 's3');

const operation = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('put' as const), name, mode }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('remove' as const), name, mode }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('purge' as const), nth: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('rename' as const), name, to: name }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('touch' as const), name }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('take' as const), snapshot }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('give' as const), snapshot }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'reclaim' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'crash' as const }) },
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

const BUCKET = ['b'];
const target = (key: string): { directory: string[]; name: string } => {
  const names = [...BUCKET, ...key.split('/')];
  return { directory: names.slice(0, -1), name: names[names.length - 1]! };
};

class Run {
  readonly world: NamespaceWorld;
  private readonly taken = new Map<string, Record<string, string>>();
  private block = 1000;

  constructor(seed: number) {
    this.world = new NamespaceWorld(seed);
  }

  async start(): Promise<void> {
    await this.world.start();
    await this.world.run('makeDirectory', { path: BUCKET, make: { ...MAKE, implicit: false } });
    await this.world.run('allowSnapshots', { path: BUCKET });
  }

  async step(operation: Operation): Promise<void> {
    try {
      await this.try(operation);
    } catch (error) {
      if (!(error instanceof FilesError)) throw error;
    }
    for (const [name, wanted] of this.taken) {
      const shown = Object.entries(await readSnapshot(this.world, BUCKET, name));
      // Delete markers are children of a directory, and are not shown.
      const files = Object.fromEntries(shown.filter(([path]) => !/(^|\/)$|^children/.test(path)));
      assert.deepEqual(files, wanted, name);
    }
  }

  private async try(operation: Operation): Promise<void> {
    const { world, taken } = this;
    switch (operation.kind) {
      case 'put': {
        const args = putArgs([...BUCKET, ...operation.name.split('/')], {
          ...{ block: ++this.block, size: this.block },
        });
        await world.run('put', { ...args, versioning: operation.mode });
        break;
      }
      case 'remove': {
        const args = { ...target(operation.name), versioning: operation.mode, make: MAKE };
        await world.run('remove', args);
        break;
      }
      case 'purge': {
        const page = await world.settle(
          listVersions(world.namespace.reader, {
            ...{ bucket: 'b', prefix: '', delimiter: '', after: '', max: 100 },
          }),
        );
        const { key, file } = page.items[operation.nth % page.items.length] ?? {};
        if (key === undefined || file === undefined) break;
        const version = file.isNull ? 'null' : file.version;
        await world.run('remove', { ...target(key), version, versioning: 'on' });
        break;
      }
      case 'rename': {
        const [from, to] = [operation.name, operation.to].map((key) => [
          ...BUCKET,
          ...key.split('/'),
        ]);
        await world.run('rename', { from: from!, to: to!, kind: 'file', overwrite: true });
        break;
      }
      case 'touch':
        await world.run('setFile', { ...target(operation.name), change: { permission: 0o600 } });
        break;
      case 'take': {
        await world.run('createSnapshot', { path: BUCKET, snapshot: operation.snapshot });
        taken.set(operation.snapshot, await this.visible());
        break;
      }
      case 'give':
        await world.run('deleteSnapshot', { path: BUCKET, snapshot: operation.snapshot });
        taken.delete(operation.snapshot);
        break;
      case 'reclaim':
        await this.reclaim();
        break;
      case 'crash':
        await world.crash('power');
        break;
    }
  }

  private async visible(): Promise<Record<string, string>> {
    const page = await this.world.settle(
      listFiles(this.world.namespace.reader, {
        ...{ bucket: 'b', prefix: '', delimiter: '', after: '', max: 100 },
      }),
    );
    const rows = page.items.map(({ key, file }) => [
      key,
      `${file!.permission.toString(8)}, ${file!.size} bytes in ${file!.extents[0]!.block}`,
    ]);
    return Object.fromEntries(rows) as Record<string, string>;
  }

  private async reclaim(): Promise<void> {
    const { namespace, clock } = this.world;
    const onError = (error: unknown): void => assert.fail(String(error));
    const reclaimer = new Reclaimer({ namespace, clock, onFreed: () => {}, onError });
    reclaimer.kick();
    await this.world.settle(reclaimer.idle());
  }

  async end(): Promise<void> {
    const { world, taken } = this;
    await this.reclaim();
    await checkReferences(world);
    for (const name of taken.keys()) {
      await world.run('deleteSnapshot', { path: BUCKET, snapshot: name });
    }
    await world.run('disallowSnapshots', { path: BUCKET });
    await world.run('removeDirectory', { path: BUCKET, recursive: true });
    await this.reclaim();
    for (const space of Object.values(Space).filter((each) => each !== Space.counter)) {
      let left = 0;
      const range = spaceRange(space);
      await world.settle(world.namespace.reader.each(range, () => ++left > 0));
      // The tally of the root stays.
      assert.equal(left, space === Space.tally ? 1 : 0, `of space ${space} nothing is left`);
    }
  }
}

test('of versions a snapshot shows those that could be seen, and nothing of them stays behind', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(operation, { minLength: 10, maxLength: 40, size: 'max' }),
      fc.nat(),
      async (operations, seed) => {
        const run = new Run(seed);
        await run.start();
        for (const each of operations) await run.step(each);
        await run.end();
      },
    ),
    { numRuns: Number(process.env.PLINTH_FILES_RUNS ?? 60) },
  );
});
