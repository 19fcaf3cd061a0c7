/**
 * Test support: an owner that keeps its own log, and beside it its state at each mark. After a crash the
 * engine must show exactly the state at its durable mark, whatever of later batches is in tables; then the
 * owner writes again what came behind it.
 */
import assert from 'node:assert/strict';
import { LsmStore } from './lsm-store.ts';
import { LsmWorld } from './lsm-world.ts';
import { collect, type Operation, put } from './ordered-store.ts';
import { applyTo, type Content } from './sorted-model.ts';
import type { Lsm, Snapshot } from './types.ts';

const KEYS = 30;
/** A group ends after each batch with this chance. */
const GROUP_ENDS = 0.15;

interface Batch {
  readonly operations: readonly Operation[];
  /** The mark that it ended a group with. */
  mark: number | null;
}

export class MarkWorld extends LsmWorld {
  /** Marks up to this one are durable: so it was told. */
  promised = 0;
  /** Crashes after which batches behind the durable mark were in tables. */
  partial = 0;
  private batches: Batch[] = [];
  private mark = 0;
  private opened: LsmStore | null = null;

  constructor(seed: number) {
    super(seed, { log: 'owner', memtableBytes: 4 * 1024, tableBytes: 2 * 1024 });
  }

  private get store(): LsmStore {
    assert.ok(this.opened !== null, 'the engine is open');
    return this.opened;
  }

  get lsm(): Lsm {
    return this.store.lsm;
  }

  async start(): Promise<void> {
    this.opened = await LsmStore.open(this);
  }

  write(): void {
    const operations = Array.from({ length: 1 + this.random.below(4) }, () => this.operation());
    const ends = this.random.chance(GROUP_ENDS);
    this.add({ operations, mark: ends ? this.mark + 1 : null });
  }

  /** Ends the group at hand without a batch. */
  markAlone(): void {
    this.add({ operations: [], mark: this.mark + 1 });
  }

  async flush(): Promise<void> {
    const { mark } = this;
    await this.store.flush();
    if (this.disk.dead) return;
    this.promised = mark;
    assert.equal(this.lsm.durableMark, mark);
  }

  compact(): Promise<void> {
    return this.store.compact();
  }

  close(): Promise<void> {
    return this.store.close();
  }

  async crash(how: 'power' | 'kill'): Promise<void> {
    if (how === 'power') await this.disk.reboot();
    else await this.disk.killProcess();
    this.clock.forgetAll();
    await this.start();
    await this.checkMark();
    await this.writeAgain();
    await this.breathe();
    await this.checkMark();
    await this.checkNow();
  }

  /** What is seen at the durable mark is the owner's state there. */
  async checkMark(): Promise<void> {
    const { lsm } = this;
    const view = lsm.atMark();
    const mark = lsm.durableMark;
    assert.ok(mark >= this.promised, `mark ${this.promised} was promised, ${mark} is durable`);
    assert.ok(mark <= this.mark, 'no mark is durable that was not reached');
    const content = this.contentAt(mark);
    await this.compare(content, view);
    const newest = (await collect(this.store)).map(String);
    const seen = (await collect(this.store, { view })).map(String);
    if (newest.join() !== seen.join()) this.partial++;
    view.release();
  }

  async checkNow(): Promise<void> {
    const content: Content = new Map();
    for (const { operations } of this.batches) applyTo(content, operations);
    await this.compare(content, undefined);
  }

  private async compare(content: Content, view: Snapshot | undefined): Promise<void> {
    const range = view === undefined ? {} : { view };
    assert.deepEqual(
      (await collect(this.store, range)).map(([key, value]) => `${key} ${value.toString()}`),
      [...content.keys()].sort().map((key) => `${key} ${content.get(key)?.value.toString()}`),
    );
    for (let nth = 0; nth < KEYS; nth++) {
      const got = await this.store.get(Buffer.from(keyOf(nth)), view);
      assert.equal(got?.toString(), content.get(keyOf(nth))?.value.toString());
    }
  }

  private contentAt(mark: number): Content {
    const content: Content = new Map();
    if (mark === 0) return content;
    for (const batch of this.batches) {
      applyTo(content, batch.operations);
      if (batch.mark === mark) return content;
    }
    return assert.fail(`mark ${mark} was reached`);
  }

  /** The owner goes on from the durable mark by its log, at times with all groups as one. */
  private async writeAgain(): Promise<void> {
    const { durableMark } = this.lsm;
    this.promised = durableMark;
    this.mark = durableMark;
    const again = this.batches.splice(
      this.batches.findIndex(({ mark }) => mark === durableMark) + 1,
    );
    const last = again.findLastIndex(({ mark }) => mark !== null);
    const asOne = this.random.chance(0.5);
    for (const [nth, batch] of again.entries()) {
      if (batch.mark !== null) batch.mark = asOne && nth < last ? null : ++this.mark;
      while (!this.post(batch)) await this.breathe();
      this.batches.push(batch);
    }
  }

  private add(batch: Batch): void {
    if (!this.post(batch)) return;
    this.batches.push(batch);
    this.mark = batch.mark ?? this.mark;
  }

  /** @returns false when it was refused. */
  private post(batch: Batch): boolean {
    const { operations, mark } = batch;
    const before = this.lsm.stats.batches;
    this.store.post(operations, mark === null ? {} : { mark }, () => {});
    return this.lsm.stats.batches > before;
  }

  private operation(): Operation {
    const { random } = this;
    const key = keyOf(random.below(KEYS));
    const draw = random.below(10);
    if (draw === 0) return { kind: 'delete', key: Buffer.from(key) };
    if (draw === 1) {
      const from = random.below(KEYS - 8);
      const to = keyOf(from + 1 + random.below(8));
      return { kind: 'deleteRange', from: Buffer.from(keyOf(from)), to: Buffer.from(to) };
    }
    return put(key, `${this.batches.length}:`.padEnd(random.below(300), 'v'));
  }
}

function keyOf(nth: number): string {
  return `key-${String(nth).padStart(3, '0')}`;
}

/** Groups, marks alone, flushes and compactions, and a close. @throws when the power goes off. */
async function ownersLife(world: MarkWorld): Promise<void> {
  await world.start();
  for (let round = 0; round < 8; round++) {
    for (let nth = 0; nth < 12; nth++) world.write();
    if (round % 3 === 1) world.markAlone();
    await world.clock.advance(3);
    if (round % 4 === 2) await world.flush();
    if (round === 5) await world.compact();
  }
  await world.checkMark();
  await world.close();
}

/** @throws Error naming the seed and the operation. */
export async function cutOwnerEverywhere(
  how: 'power' | 'kill',
  places: { readonly seed: number; readonly first: number; readonly stride: number },
): Promise<{ operations: number; partial: number }> {
  let partial = 0;
  for (let cut = places.first; ; cut += places.stride) {
    const world = new MarkWorld(places.seed * 1000 + cut);
    world.disk.losePowerAt(cut);
    try {
      try {
        await ownersLife(world);
      } catch (error) {
        if (!world.disk.dead) throw error;
      }
      const finished = !world.disk.dead;
      await world.crash(how);
      for (let nth = world.random.below(40); nth > 0; nth--) world.write();
      await world.clock.advance(world.random.below(20));
      await world.crash(how);
      await world.compact();
      await world.checkMark();
      await world.checkNow();
      await world.crash(how);
      await world.close();
      partial += world.partial;
      if (finished) return { operations: world.disk.operations, partial };
    } catch (error) {
      throw new Error(`seed ${places.seed}, cut at ${cut}`, { cause: error });
    }
  }
}
