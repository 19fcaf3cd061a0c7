import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FilesError } from '../errors.ts';
import { decodeInode } from './inode.ts';
import { Space, spaceRange } from './keys.ts';
import { listFiles } from './list.ts';
import { MAKE, NamespaceWorld, putArgs } from './namespace-world.ts';
import { PathTwin } from './path-twin.ts';
import { living } from './snapshots/root-record.ts';
import { checkReferences, readSnapshot, shownSnapshot } from './snapshots/testing.ts';
import { readSnapshots } from './snapshots/view.ts';

const seed = Number(process.env.PLINTH_FILES_SEED ?? 1);
const STRIDE = Number(process.env.PLINTH_FILES_STRIDE ?? 5);
const GROUP = 6;

/** A life of puts, moves and removals, several of them under way at once. */
class Life {
  readonly world: NamespaceWorld;
  /** How the twin looks behind so many operations. */
  readonly states: string[] = [];
  private readonly twin = new PathTwin();
  /** Operations up to this one were answered. */
  answered = 0;
  private blocks = 100;

  constructor(seed: number) {
    this.world = new NamespaceWorld(seed);
    this.states.push(shown(this.twin));
  }

  async live(): Promise<void> {
    const { world, twin } = this;
    await world.start();
    await this.all([
      this.issue(
        () => twin.makeDirectory(['bucket']),
        () =>
          world.namespace.run('makeDirectory', {
            path: ['bucket'],
            make: { ...MAKE, implicit: false },
          }),
      ),
      this.issue(
        () => twin.allowSnapshots(['bucket']),
        () => world.namespace.run('allowSnapshots', { path: ['bucket'] }),
      ),
    ]);
    for (let round = 0; round < 8; round++) {
      const group = Array.from({ length: GROUP }, (_, nth) => this.random(round * GROUP + nth));
      await this.all(group);
    }
    await world.settle(world.namespace.close());
    await world.start();
    await this.all([this.random(1000)]);
  }

  private random(nth: number): Promise<void> {
    const { twin, world } = this;
    const path = ['bucket', `d${nth % 3}`, `f${nth % 4}`];
    const draw = world.random.below(12);
    if (draw < 6) {
      const file = { block: ++this.blocks, size: 100 + nth };
      return this.issue(
        () => twin.put(path, file),
        () => world.namespace.run('put', putArgs(path, file)),
      );
    }
    if (draw < 8) {
      const [directory, name] = [path.slice(0, -1), path[2]!];
      return this.issue(
        () => twin.remove(path),
        () => world.namespace.run('remove', { directory, name, versioning: 'off' }),
      );
    }
    if (draw >= 10) {
      const args = { path: ['bucket'], snapshot: `s${nth % 5}` };
      const isTaken = draw === 10;
      return this.issue(
        () => {
          if (isTaken) twin.takeSnapshot(args.path, args.snapshot);
          else twin.snapshots.get('bucket/')?.delete(args.snapshot);
        },
        () => world.namespace.run(isTaken ? 'createSnapshot' : 'deleteSnapshot', args),
      );
    }
    const from = path.slice(0, 2);
    const to = ['bucket', `d${(nth + 1) % 3}`];
    if (draw === 8) {
      return this.issue(
        () => twin.rename(from, to, 'directory', true),
        () => world.namespace.run('rename', { from, to, kind: 'directory', overwrite: true }),
      );
    }
    return this.issue(
      () => twin.removeDirectory(from, true),
      () => world.namespace.run('removeDirectory', { path: from, recursive: true }),
    );
  }

  /** Asks for an operation; the twin does it at once. */
  private issue(onTwin: () => unknown, ask: () => Promise<unknown>): Promise<void> {
    if (!this.world.namespace.accepting) return assert.rejects(ask(), FilesError);
    onTwin();
    this.states.push(shown(this.twin));
    const number = this.states.length - 1;
    const { life } = this.world.disk;
    return ask().then(
      () => {
        if (!this.world.disk.dead && this.world.disk.life === life) this.answered = number;
      },
      (error: unknown) => {
        if (!(error instanceof FilesError)) throw error;
        if (error.code !== 'io' && error.code !== 'disk-full' && error.code !== 'closed') {
          this.answered = number;
        }
      },
    );
  }

  private all(asked: Promise<void>[]): Promise<unknown> {
    return this.world.settle(Promise.all(asked));
  }

  /** What is there is what was asked for up to some operation, not before the last that was answered. */
  async check(): Promise<void> {
    const state = await this.observed();
    const at = this.states.lastIndexOf(state);
    assert.ok(at >= 0, `no beginning of what was asked for looks like\n${state}`);
    assert.ok(at >= this.answered, `${this.answered} were answered, ${at} are there`);
  }

  private async observed(): Promise<string> {
    const { world } = this;
    const { reader } = world.namespace;
    const found = new PathTwin();
    const bucket = await world.settle(reader.directory(['bucket']));
    if (bucket === null) return shown(found);
    found.makeDirectory(['bucket']);
    const page = await world.settle(
      listFiles(reader, { bucket: 'bucket', prefix: '', delimiter: '', after: '', max: 1000 }),
    );
    for (const { key, file } of page.items) {
      const [extent] = file!.extents;
      found.put(['bucket', ...key.split('/')], { block: extent!.block, size: file!.size });
    }
    const tally = await world.settle(reader.tally(bucket.id));
    assert.equal(tally.files, found.files.size, 'the tally is that of the files');
    assert.equal(
      tally.bytes,
      [...found.files.values()].reduce((sum, { size }) => sum + size, 0),
    );
    await world.settle(
      reader.each(spaceRange(Space.entry), (_key, value) => decodeInode(value).id > 0),
    );
    const snapshots = await world.settle(readSnapshots(reader, bucket.id));
    const seen: Record<string, unknown> = {};
    for (const { name } of snapshots === null ? [] : living(snapshots)) {
      seen[name] = await readSnapshot(world, ['bucket'], name);
    }
    await checkReferences(world);
    return shown(found, seen);
  }
}

/** @param seen what snapshots show; left out: as the twin has them. */
function shown(twin: PathTwin, seen?: Record<string, unknown>): string {
  const taken = [...(twin.snapshots.get('bucket/') ?? [])].map(
    ([name, snapshot]) => [name, shownSnapshot(snapshot)] as const,
  );
  const snapshots = Object.entries(seen ?? Object.fromEntries(taken)).sort();
  return JSON.stringify([[...twin.files].sort(), [...twin.directories.keys()].sort(), snapshots]);
}

for (const [nth, how] of (['power', 'kill'] as const).entries()) {
  test(`${how}: cut anywhere, what was answered is there and nothing is half done, seed ${seed}`, async () => {
    for (let cut = 1 + nth * 2; ; cut += STRIDE) {
      const life = new Life(seed * 10_000 + cut);
      const { world } = life;
      world.disk.losePowerAt(cut);
      try {
        try {
          await life.live();
        } catch (error) {
          if (!world.disk.dead) throw error;
        }
        const finished = !world.disk.dead;
        await world.crash(how);
        await life.check();
        await world.run('makeDirectory', { path: ['after'], make: MAKE });
        await world.crash(how);
        assert.notEqual(await world.settle(world.namespace.reader.directory(['after'])), null);
        if (finished) break;
      } catch (error) {
        throw new Error(`seed ${seed}, ${how} at ${cut}`, { cause: error });
      }
    }
  });
}

for (const [nth, fault] of (['ENOSPC', 'EIO', 'short'] as const).entries()) {
  test(`${fault} anywhere loses nothing answered, and work goes on, seed ${seed}`, async () => {
    for (let at = 1 + nth; ; at += STRIDE * 2) {
      const life = new Life(seed * 10_000 + at);
      const { world } = life;
      world.disk.failAt(at, fault);
      try {
        await life.live().catch((error: unknown) => {
          const { code } = error as { readonly code?: string };
          assert.ok(
            ['io', 'disk-full', 'sync-failed', 'EIO', 'ENOSPC'].includes(`${code}`),
            `${error}`,
          );
        });
        const finished = world.disk.operations < at;
        world.disk.heal();
        await world.clock.advance(5000);
        await world.crash('power');
        await life.check();
        if (finished) break;
      } catch (error) {
        throw new Error(`seed ${seed}, ${fault} at ${at}`, { cause: error });
      }
    }
  });
}
