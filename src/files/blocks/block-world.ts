/**
 * Test support: the blocks of a DataNode with two disks on a simulated one, and what was promised of them.
 */
import assert from 'node:assert/strict';
import { silentLogger } from '../../core/observe/index.ts';
import {
  createSimClock,
  createSimRandom,
  createSimThreads,
  type SimClock,
  SimDisk,
  type SimRandom,
} from '../../core/runtime/sim/index.ts';
import { createLsmWorker } from '../../core/store/index.ts';
import { FilesError } from '../errors.ts';
import { BlockStore } from './block-store.ts';

export const DISKS = ['/disk1', '/disk2'] as const;

export class BlockWorld {
  readonly clock: SimClock = createSimClock();
  readonly random: SimRandom;
  readonly disk: SimDisk;
  store!: BlockStore;
  /** Blocks that were answered, with their bytes. */
  readonly promised = new Map<number, Buffer>();
  /** Blocks that may be there or not: they, or their removal, were not answered. */
  readonly open = new Map<number, Buffer>();
  /** Identity of the file system. */
  owner = '00000000000000aa';
  private next = 1;

  constructor(seed: number) {
    this.random = createSimRandom(seed);
    this.disk = new SimDisk(this.clock, this.random.fork());
  }

  async start(): Promise<void> {
    const { disk, clock, random } = this;
    const threads = createSimThreads({ disk, clock, random: random.fork() });
    this.store = await this.settle(
      BlockStore.open({
        disk,
        clock,
        random,
        logger: silentLogger(),
        folder: '/data/blocks',
        disks: DISKS,
        reserveBytes: 0,
        owner: this.owner,
        worker: createLsmWorker(threads),
        packBytes: 300_000,
        indexMemtableBytes: 8 * 1024,
        indexCacheBytes: 64 * 1024,
      }),
    );
  }

  settle<T>(promise: Promise<T>): Promise<T> {
    return this.clock.settle(promise);
  }

  async crash(how: 'power' | 'kill'): Promise<void> {
    if (how === 'power') await this.disk.reboot();
    else await this.disk.killProcess();
    this.clock.forgetAll();
    await this.start();
  }

  bytesOf(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    const step = this.random.below(250) + 1;
    for (let at = 0; at < length; at++) bytes[at] = (at * step + (at >> 8)) & 0xff;
    return bytes;
  }

  /** @returns the code it failed with, or undefined. */
  async putSmall(length: number): Promise<string | undefined> {
    const block = this.next++;
    const bytes = this.bytesOf(length);
    return this.written(block, bytes, this.store.put({ block, stamp: 1 }, bytes));
  }

  async putLarge(length: number): Promise<string | undefined> {
    const block = this.next++;
    const bytes = this.bytesOf(length);
    return this.written(block, bytes, this.writeLarge(block, bytes));
  }

  private async writeLarge(block: number, bytes: Buffer): Promise<void> {
    const writer = await this.store.begin({ block, stamp: 1 }, bytes.length);
    try {
      for (let at = 0; at < bytes.length; at += 50_000) {
        await writer.write(bytes.subarray(at, at + 50_000));
      }
      await writer.finish();
    } catch (error) {
      await writer.abort();
      throw error;
    }
  }

  private async written(
    block: number,
    bytes: Buffer,
    work: Promise<void>,
  ): Promise<string | undefined> {
    this.open.set(block, bytes);
    const { life } = this.disk;
    try {
      await work;
    } catch (error) {
      if (!(error instanceof FilesError)) throw error;
      return error.code;
    }
    if (this.disk.dead || this.disk.life !== life) return 'dead';
    this.open.delete(block);
    this.promised.set(block, bytes);
    return undefined;
  }

  async delete(block: number): Promise<void> {
    const bytes = this.promised.get(block);
    if (bytes === undefined) return;
    this.promised.delete(block);
    this.open.set(block, bytes);
    await this.store.delete([{ block, stamp: 1 }]);
  }

  async read(block: number, from: number, to: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for await (const piece of this.store.read({ block, stamp: 1 }, from, to)) {
      pieces.push(Buffer.from(piece));
    }
    return Buffer.concat(pieces);
  }

  /** Every block that was promised is there, and nothing that is there is wrong. */
  async check(): Promise<void> {
    for (const [block, bytes] of this.promised) {
      const met = await this.settle(this.read(block, 0, bytes.length));
      assert.ok(met.equals(bytes), `block ${block} is as it was written`);
    }
    const listed: number[] = [];
    await this.settle(
      this.store.each(0, ({ block }) => {
        listed.push(block);
        return true;
      }),
    );
    for (const block of this.promised.keys()) assert.ok(listed.includes(block));
    for (const block of listed) {
      const bytes = this.promised.get(block) ?? this.open.get(block);
      assert.ok(bytes !== undefined, `block ${block} was never written`);
      const met = await this.settle(
        this.read(block, 0, bytes.length).catch((error: unknown) => {
          // The index lost that it was deleted; its file is gone.
          if (error instanceof FilesError && error.code === 'missing') return bytes;
          throw error;
        }),
      );
      assert.ok(met.equals(bytes), `block ${block}, which was not promised, is whole`);
    }
  }
}
