/**
 * Test support: an engine on a simulated disk, and beside it every batch that was written, so that after
 * a crash it can be told whether what is there is a beginning of them, whole, that has what was promised.
 *
 * Each batch puts its number under one key; that tells how far the beginning reaches.
 */
import assert from 'node:assert/strict';
import type { LsmError } from './errors.ts';
import { LsmStore } from './lsm-store.ts';
import { FOLDER, LsmWorld } from './lsm-world.ts';
import { collect, type Operation, put } from './ordered-store.ts';
import { applyTo, type Content } from './sorted-model.ts';
import { tableNumber } from './table-path.ts';
import type { Lsm, LsmOptions } from './types.ts';

const NUMBER_KEY = '#';
const KEYS = 40;

export class CrashWorld extends LsmWorld {
  readonly batches: Operation[][] = [];
  /** Batches up to this one are safe: so it was told. */
  promised = 0;
  /** Codes of acknowledgements that failed. */
  readonly errors: string[] = [];
  /** Batches that a checkpoint has, and whether it was told to be done. */
  private copied = 0;
  private copyDone = false;
  private opened: LsmStore | null = null;

  constructor(seed: number, options: Partial<LsmOptions> = {}) {
    super(seed, { memtableBytes: 8 * 1024, ...options });
  }

  /** Else what is in memory is lost with the process, and its owner's to write again. */
  private get logged(): boolean {
    return this.options.log !== 'owner';
  }

  get store(): LsmStore {
    assert.ok(this.opened !== null, 'the engine is open');
    return this.opened;
  }

  get lsm(): Lsm {
    return this.store.lsm;
  }

  async start(): Promise<void> {
    this.opened = await LsmStore.open(this);
  }

  /** Writes a batch of a few random operations; refused ones leave no trace. */
  write(sync: boolean): void {
    const number = this.batches.length + 1;
    const operations = [put(NUMBER_KEY, String(number)), ...this.operations(number)];
    const { life } = this.disk;
    const before = this.lsm.stats.batches;
    this.batches.push(operations);
    this.store.post(operations, { sync, mark: number }, (error) => {
      if (error === null) {
        if (sync && this.logged && !this.disk.dead && this.disk.life === life) this.promise(number);
        return;
      }
      this.errors.push((error as Error & { code: string }).code);
    });
    // Refused: it left no trace.
    if (this.lsm.stats.batches === before) this.batches.pop();
  }

  async flush(): Promise<void> {
    const written = this.batches.length;
    await this.store.flush();
    if (!this.disk.dead) this.promise(written);
  }

  async close(): Promise<void> {
    const written = this.batches.length;
    await this.store.close();
    this.opened = null;
    if (this.logged && !this.disk.dead) this.promise(written);
  }

  /** After a power loss or kill -9: opens again and checks everything. */
  async crash(how: 'power' | 'kill'): Promise<void> {
    if (how === 'power') await this.disk.reboot();
    else await this.disk.killProcess();
    this.clock.forgetAll();
    await this.start();
    await this.check();
  }

  /** What is there is the beginning of what was written, up to some batch that is not below the promised one. */
  async check(): Promise<void> {
    const pairs = await collect(this.store);
    const there = new Map(pairs.map(([key, value]) => [key.toString('latin1'), value]));
    const last = Number(there.get(NUMBER_KEY)?.toString() ?? 0);
    assert.ok(last >= this.promised, `batch ${this.promised} was promised, ${last} is the last`);
    assert.ok(last <= this.batches.length, 'there is more than was written');
    this.batches.length = last;
    if (!this.logged) assert.equal(this.lsm.durableMark, last, 'the mark tells what is in tables');
    const content: Content = new Map();
    for (const batch of this.batches) applyTo(content, batch);
    assert.deepEqual([...there.keys()], [...content.keys()].sort());
    for (const [key, { value }] of content) {
      assert.ok(there.get(key)?.equals(value), `${key} is as it was written last`);
      const got = await this.store.get(Buffer.from(key));
      assert.ok(got?.equals(value), `${key} is found`);
    }
    for (let nth = 0; nth < KEYS; nth++) {
      if (content.has(keyOf(nth))) continue;
      assert.equal(await this.store.get(Buffer.from(keyOf(nth))), null, 'what was deleted is gone');
    }
  }

  async checkpoint(folder: string): Promise<void> {
    this.copied = this.batches.length;
    await this.settle(this.lsm.checkpoint(folder));
    this.copyDone = !this.disk.dead;
  }

  /** A checkpoint that was told to be done is whole; one that was cut short is refused, or is whole as well. */
  async checkCopy(folder: string): Promise<void> {
    if (this.disk.statSync(folder) === null) {
      assert.ok(!this.copyDone);
      return;
    }
    let copy: Lsm;
    try {
      copy = await this.open({ folder });
    } catch (error) {
      assert.ok(!this.copyDone, `a checkpoint opens: ${String(error)}`);
      assert.equal((error as LsmError).code, 'corrupt');
      return;
    }
    const number = await this.settle(copy.get(Buffer.from(NUMBER_KEY)));
    if (this.copyDone || number !== null) assert.equal(Number(number?.toString()), this.copied);
    const report = await this.settle(copy.verify());
    assert.deepEqual(report.damage, []);
    await this.settle(copy.close());
  }

  /** Nothing is under way: exactly the tables that are named are there, and they hold. */
  async checkFiles(): Promise<void> {
    await this.clock.advance(5000);
    const files = this.disk.listSync(FOLDER).filter((name) => tableNumber(name) !== null);
    assert.equal(files.length, this.lsm.stats.tables, 'no file is there that nobody names');
    const report = await this.settle(this.lsm.verify());
    assert.deepEqual(report.damage, []);
  }

  /** The engine works: writes, and keeps what it wrote through another crash. */
  async goOn(): Promise<void> {
    for (let nth = 0; nth < 5; nth++) this.write(false);
    this.write(true);
    const written = this.batches.length;
    await this.clock.advance(3000);
    if (this.logged) assert.equal(this.promised, written, 'writes are acknowledged');
    await this.flush();
    await this.checkFiles();
  }

  private promise(number: number): void {
    this.promised = Math.max(this.promised, number);
  }

  private operations(number: number): Operation[] {
    const { random } = this;
    return Array.from({ length: 1 + random.below(6) }, (): Operation => {
      const key = keyOf(random.below(KEYS));
      const draw = random.below(20);
      if (draw < 3) return { kind: 'delete', key: Buffer.from(key) };
      if (draw === 3) {
        const from = random.below(KEYS - 3);
        const to = keyOf(from + 1 + random.below(3));
        return { kind: 'deleteRange', from: Buffer.from(keyOf(from)), to: Buffer.from(to) };
      }
      const bytes = draw === 4 ? 1500 : random.below(300);
      return put(key, `${number}:`.padEnd(bytes, 'v'));
    });
  }
}

function keyOf(nth: number): string {
  return `key-${String(nth).padStart(3, '0')}`;
}
