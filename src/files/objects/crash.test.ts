import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FilesError } from '../errors.ts';
import { type ObjectStore, StoreFailure } from '../s3/object-store.ts';
import { ObjectWorld } from './object-world.ts';

const seed = Number(process.env.PLINTH_FILES_SEED ?? 1);
const STRIDE = Number(process.env.PLINTH_FILES_STRIDE ?? 11);

/** Objects as they were asked for, and which of it was answered. */
class Life {
  readonly world: ObjectWorld;
  /** What a key holds for certain; null: nothing. */
  readonly certain = new Map<string, Buffer | null>();
  /** What else it may hold, because nobody was told. */
  readonly possible = new Map<string, (Buffer | null)[]>();
  private made = false;

  constructor(seed: number) {
    this.world = new ObjectWorld(seed);
  }

  async live(): Promise<void> {
    const { world } = this;
    await world.start();
    await world.settle(world.store.createBucket('b', { owner: 'me', documents: {} }));
    this.made = true;
    for (let round = 0; round < 3; round++) {
      await world.settle(
        Promise.all([
          this.put(`small-${round}`, 700),
          this.put('again', 66_000 + round),
          this.put(`large-${round}`, 1_150_000),
          this.upload(`parts-${round}`),
        ]),
      );
      await world.settle(this.copy(`large-${round}`, `copy-${round}`));
      await world.settle(this.remove(`large-${round}`));
    }
  }

  private async asked(key: string, next: Buffer | null, work: () => Promise<void>): Promise<void> {
    const { disk } = this.world;
    const { life } = disk;
    this.possible.set(key, [...(this.possible.get(key) ?? []), next]);
    await work();
    if (disk.dead || disk.life !== life) return;
    this.certain.set(key, next);
    this.possible.delete(key);
  }

  private put(key: string, length: number): Promise<void> {
    const bytes = Buffer.alloc(length, `${key} ${length} `);
    return this.asked(key, bytes, async () => {
      const writer = await this.world.store.write('b', length);
      for (let at = 0; at < length; at += 300_000) {
        await writer.write(bytes.subarray(at, at + 300_000));
      }
      assert.ok((await writer.commit({ key, etag: 'e', attributes: {} })).done);
    });
  }

  private copy(from: string, to: string): Promise<void> {
    return this.asked(to, this.certain.get(from) ?? null, async () => {
      const { store } = this.world;
      const opened = await store.open({ bucket: 'b', key: from });
      assert.ok(opened !== undefined);
      const writer = await store.write('b');
      await writer.adopt(opened);
      opened.close();
      assert.ok((await writer.commit({ key: to, etag: 'e', attributes: {} })).done);
    });
  }

  private remove(key: string): Promise<void> {
    return this.asked(key, null, async () => {
      assert.ok((await this.world.store.remove({ bucket: 'b', key })).done);
    });
  }

  private upload(key: string): Promise<void> {
    const parts = [Buffer.alloc(70_000, 'one'), Buffer.alloc(10, 'two')];
    return this.asked(key, Buffer.concat(parts), async () => {
      const { store } = this.world;
      const made = await store.createUpload('b', { key, attributes: {} });
      assert.ok(made.done);
      const target = { bucket: 'b', key, uploadId: made.value.uploadId };
      for (const [nth, bytes] of parts.entries()) {
        const writer = await store.write('b');
        await writer.write(bytes);
        const more = { number: nth + 1, etag: `p${nth}`, attributes: {} };
        assert.ok((await writer.commitPart({ ...target, ...more })).done);
      }
      const named = parts.map((_, nth) => ({ number: nth + 1, etag: `p${nth}` }));
      const whole = { parts: named, etag: 'e', attributes: {} };
      assert.ok((await store.completeUpload(target, whole)).done);
    });
  }

  async check(): Promise<void> {
    const { world } = this;
    const { store } = world;
    if (!this.made && (await world.settle(store.bucket('b'))) === undefined) return;
    for (const key of new Set([...this.certain.keys(), ...this.possible.keys()])) {
      const met = await world.settle(read(store, key));
      const allowed = [this.certain.get(key) ?? null, ...(this.possible.get(key) ?? [])];
      const isAllowed = allowed.some((bytes) =>
        bytes === null ? met === null : met?.equals(bytes) === true,
      );
      assert.ok(isAllowed, `${key} has ${met?.length ?? 'no'} bytes`);
    }
    // What nobody asks for any more goes, and then nothing but what is named takes room.
    const uploads = await world.settle(
      store.listUploads('b', { prefix: '', delimiter: '', max: 1000 }),
    );
    for (const { key, uploadId } of uploads.rows) {
      await world.settle(store.abortUpload({ bucket: 'b', key, uploadId }));
    }
    const page = await world.settle(
      store.listObjects('b', { prefix: '', delimiter: '', max: 1000 }),
    );
    const named = new Set<number>();
    for (const { key } of page.rows) {
      const file = await world.settle(world.files.namespace.reader.head(['b'], key));
      for (const { block } of file!.extents) named.add(block);
    }
    assert.equal(await world.storedBlocks(), named.size, 'blocks that nothing names are gone');
  }
}

async function read(store: ObjectStore, key: string): Promise<Buffer | null> {
  const opened = await store.open({ bucket: 'b', key });
  if (opened === undefined) return null;
  const pieces: Buffer[] = [];
  for await (const piece of opened.read(0, opened.version.sizeBytes)) {
    pieces.push(Buffer.from(piece));
  }
  opened.close();
  return Buffer.concat(pieces);
}

for (const [nth, how] of (['power', 'kill'] as const).entries()) {
  test(`${how}: cut anywhere, objects are whole or not there, and no block is left over, seed ${seed}`, async () => {
    for (let cut = 1 + nth * 5; ; cut += STRIDE) {
      const life = new Life(seed * 10_000 + cut);
      const { world } = life;
      world.disk.losePowerAt(cut);
      try {
        await life.live().catch((error: unknown) => {
          if (!world.disk.dead) throw error;
        });
        const finished = !world.disk.dead;
        await world.crash(how);
        await life.check();
        if (finished) break;
      } catch (error) {
        throw new Error(`seed ${seed}, ${how} at ${cut}`, { cause: error });
      }
    }
  });
}

for (const [nth, fault] of (['ENOSPC', 'EIO', 'short'] as const).entries()) {
  test(`${fault} anywhere loses no object that was answered, seed ${seed}`, async () => {
    for (let at = 1 + nth; ; at += STRIDE * 3) {
      const life = new Life(seed * 10_000 + at);
      const { world } = life;
      world.disk.failAt(at, fault);
      try {
        await life.live().catch((error: unknown) => {
          const { code } = error as { readonly code?: string };
          const isKnown =
            error instanceof StoreFailure || /^(io|disk-full|EIO|ENOSPC)$/.test(`${code}`);
          assert.ok(isKnown, String(error));
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

test('a put that failed at any of its steps is whole or not there once the disk is well, and leaves no block behind', async () => {
  let undecidedPuts = 0;
  for (let step = 1; step <= 24; step++) {
    const world = new ObjectWorld(step);
    await world.start();
    await world.settle(world.store.createBucket('b', { owner: 'me', documents: {} }));
    const bytes = Buffer.alloc(5000, `${step} `);
    const put = async (key: string): Promise<void> => {
      const writer = await world.store.write('b', bytes.length);
      await writer.write(bytes);
      assert.ok((await writer.commit({ key, etag: 'e', attributes: {} })).done);
    };
    await world.settle(put('first'));
    world.disk.failAt(world.disk.operations + step, 'EIO');
    let undecided = false;
    await world.settle(
      put('second').catch((error) => {
        assert.ok(error instanceof StoreFailure);
        undecided = error.cause instanceof FilesError && error.cause.isUndecided;
      }),
    );
    world.disk.heal();
    await world.clock.advance(5000);
    await world.settle(world.files.idle());
    let named = 0;
    for (const key of ['first', 'second']) {
      const met = await world.settle(read(world.store, key));
      assert.ok(met === null || met.equals(bytes), `${key}, failed at step ${step}`);
      if (met !== null) named++;
      // Its entry was written: it gets its name when the journal is well again, without a new start.
      if (undecided) assert.ok(met !== null, `${key}, undecided at step ${step}`);
    }
    assert.equal(await world.storedBlocks(), named, `failed at step ${step}`);
    undecidedPuts += undecided ? 1 : 0;
  }
  assert.ok(undecidedPuts > 0);
});
