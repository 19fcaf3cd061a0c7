import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CrashWorld } from './crash-world.ts';
import { LsmError } from './errors.ts';
import { FOLDER } from './lsm-world.ts';

const seed = Number(process.env.PLINTH_LSM_SEED ?? 1);
/** Of each kind of file. */
const FLIPS = 30;

async function writtenWorld(): Promise<CrashWorld> {
  const world = new CrashWorld(seed);
  await world.start();
  for (let nth = 0; nth < 150; nth++) {
    world.write(nth % 7 === 0);
    if (nth % 20 === 0) await world.clock.advance(20);
  }
  await world.clock.advance(3000);
  await world.close();
  return world;
}

/** All files of the engine, in its folder and those below. */
function filesOf(world: CrashWorld): string[] {
  const { disk } = world;
  return ['/manifest', '/wal', ''].flatMap((sub) =>
    disk
      .listSync(FOLDER + sub)
      .map((name) => `${FOLDER + sub}/${name}`)
      .filter((path) => disk.statSync(path)?.isDirectory === false),
  );
}

function kindOf(path: string): 'manifest' | 'wal' | 'table' {
  if (path.startsWith(`${FOLDER}/manifest/`)) return 'manifest';
  return path.startsWith(`${FOLDER}/wal/`) ? 'wal' : 'table';
}

/** Where the zeros at the end of a file begin. */
function writtenBytes({ disk }: CrashWorld, path: string): number {
  const file = disk.openSync(path, { mode: 'read' });
  const bytes = Buffer.alloc(file.sizeSync());
  file.readSync(bytes, 0, bytes.length, 0);
  file.closeSync();
  let end = bytes.length;
  while (end > 1 && bytes[end - 1] === 0) end--;
  return end;
}

/** Opens and reads everything. @returns the damage that was told, null when all is right. */
async function damageOf(world: CrashWorld): Promise<LsmError | null> {
  try {
    await world.start();
  } catch (error) {
    if (error instanceof LsmError) return error;
    throw error;
  }
  try {
    await world.check();
    return null;
  } catch (error) {
    if (error instanceof LsmError) return error;
    throw error;
  } finally {
    await world.close();
  }
}

test(`a flipped bit in any file is told with the file, or all is right, seed ${seed}`, async (t) => {
  const world = await writtenWorld();
  const told = { manifest: 0, wal: 0, table: 0 };
  for (const kind of ['manifest', 'wal', 'table'] as const) {
    for (let nth = 0; nth < FLIPS; nth++) {
      const paths = filesOf(world).filter((path) => kindOf(path) === kind);
      const path = paths[world.random.below(paths.length)]!;
      // Logs are mostly zeros, filled ahead; what is flipped there stays, so it comes last.
      const size = world.disk.statSync(path)?.sizeBytes ?? 0;
      const offset = world.random.below(nth > FLIPS - 5 ? size : writtenBytes(world, path));
      const bit = world.random.below(8);
      world.disk.flipBit(path, offset, bit);
      const error = await damageOf(world).catch((cause: unknown) => {
        throw new Error(`seed ${seed}, ${path} byte ${offset} bit ${bit}`, { cause });
      });
      if (error === null) {
        assert.ok(kind !== 'table', 'a table has no bit without meaning');
        continue;
      }
      assert.ok(error.code === 'corrupt' || error.code === 'version', error.message);
      assert.equal(error.file, path, error.message);
      told[kind]++;
      world.disk.flipBit(path, offset, bit);
      assert.equal(await damageOf(world), null, 'what was refused was not changed');
    }
  }
  t.diagnostic(JSON.stringify(told));
  for (const count of Object.values(told)) assert.ok(count > FLIPS / 5);
});

test('tables without their manifest are refused, again and again, and come back with it', async () => {
  const world = await writtenWorld();
  const { disk } = world;
  const names = disk.listSync(`${FOLDER}/manifest`);
  disk.mkdirSync('/aside');
  for (const name of names) disk.renameSync(`${FOLDER}/manifest/${name}`, `/aside/${name}`);
  for (let nth = 0; nth < 3; nth++) {
    const error = await damageOf(world);
    assert.equal(error?.code, 'corrupt');
  }
  disk.removeFolderSync(`${FOLDER}/manifest`);
  assert.equal((await damageOf(world))?.code, 'corrupt');
  for (const name of disk.listSync(`${FOLDER}/manifest`))
    disk.unlinkSync(`${FOLDER}/manifest/${name}`);
  for (const name of names) disk.renameSync(`/aside/${name}`, `${FOLDER}/manifest/${name}`);
  assert.equal(await damageOf(world), null);
});

test('a table that vanished is told by its name', async () => {
  const world = await writtenWorld();
  const path = filesOf(world).find((each) => each.endsWith('.tbl'))!;
  world.disk.renameSync(path, '/aside.tbl');
  const error = await damageOf(world);
  assert.equal(error?.file, path);
  world.disk.renameSync('/aside.tbl', path);
  assert.equal(await damageOf(world), null);
});
