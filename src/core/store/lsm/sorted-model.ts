/**
 * Test support: the obvious sorted map, and a driver that does the same at random to it and to a store.
 *
 * Values carry the number of the step that wrote them, so one that comes back is told from its successor.
 */
import assert from 'node:assert/strict';
import { createSimRandom, type SimRandom } from '../../runtime/sim/index.ts';
import type { Operation, OrderedStore, Pair, Range, View, Walk } from './ordered-store.ts';

interface Entry {
  readonly value: Buffer;
  /** 0: never. */
  readonly until: number;
}

/** Keys are latin1 strings: they compare as their bytes do. */
export type Content = Map<string, Entry>;

export function applyTo(content: Content, operations: readonly Operation[]): void {
  for (const operation of operations) {
    if (operation.kind === 'put') {
      const { key, value, until = 0 } = operation;
      content.set(key.toString('latin1'), { value, until });
    } else if (operation.kind === 'delete') content.delete(operation.key.toString('latin1'));
    else {
      const from = operation.from.toString('latin1');
      const to = operation.to.toString('latin1');
      for (const key of content.keys()) if (key >= from && key < to) content.delete(key);
    }
  }
}

export interface ModelOptions {
  readonly store: OrderedStore;
  readonly seed: number;
  readonly operations: number;
  /** Moves people's clock; without it nothing expires. */
  readonly wall?: { nowMs(): number; advance(byMs: number): void };
  /** Default true; false: everything is flushed before the store is opened again. */
  readonly logged?: boolean;
}

/** Does `operations` things. @throws AssertionError naming the seed and the step. */
export async function runModel(options: ModelOptions): Promise<ModelRun> {
  const run = new ModelRun(options);
  try {
    await run.run();
  } catch (error) {
    throw new Error(`seed ${options.seed}, step ${run.step}: ${String(error)}`, { cause: error });
  }
  return run;
}

interface OpenView {
  readonly view: View;
  readonly content: Content;
}

interface OpenWalk {
  readonly walk: Walk;
  readonly content: Content;
  readonly range: Range;
  /** The last key that was seen. */
  last: string | null;
}

const VIEWS_MAX = 4;
const WALKS_MAX = 3;
const SECOND_MS = 1000;

class ModelRun {
  step = 0;
  readonly counts = new Map<string, number>();
  private readonly options: ModelOptions;
  private readonly random: SimRandom;
  private content: Content = new Map();
  private readonly keys: readonly Buffer[];
  private views: OpenView[] = [];
  private walks: OpenWalk[] = [];

  constructor(options: ModelOptions) {
    this.options = options;
    this.random = createSimRandom(options.seed);
    this.keys = keysOf(this.random, [20, 150, 600, 3000][this.random.below(4)]!);
  }

  async run(): Promise<void> {
    const { operations } = this.options;
    while (this.step < operations) {
      this.step++;
      await this.one();
    }
    await this.checkAll();
    await this.letGo();
  }

  private async one(): Promise<void> {
    const { store, wall } = this.options;
    const draw = this.random.float() * 100;
    if (draw < 46) await this.check();
    else if (draw < 91) await store.write(this.write(), this.random.chance(0.01));
    else if (draw < 94) await store.breathe();
    else if (draw < 96) await this.scan();
    else if (draw < 97.5) await this.walkOn();
    else if (draw < 98) this.takeView();
    else if (draw < 98.5) this.releaseView();
    else if (draw < 99.5) wall?.advance(this.random.below(4 * SECOND_MS));
    else if (draw < 99.8) await store.flush();
    else if (draw < 99.88) await store.compact(...this.bounds());
    else if (draw < 99.92) await this.reopen();
  }

  private write(): Operation[] {
    const { random } = this;
    const count = random.chance(0.002) ? 300 : random.chance(0.8) ? 1 : random.below(6);
    const operations = Array.from({ length: count }, () => this.operation());
    applyTo(this.content, operations);
    return operations;
  }

  private operation(): Operation {
    const { random } = this;
    const draw = random.below(100);
    if (draw < 18) return { kind: 'delete', key: this.key() };
    if (draw < 22) {
      const [from, to] = this.bounds();
      // Wide ones would leave little to look at.
      const narrow = from !== undefined && to !== undefined && random.chance(0.9);
      if (narrow && from.compare(to) < 0) return { kind: 'deleteRange', from, to };
      return { kind: 'delete', key: this.key() };
    }
    const { wall } = this.options;
    const until = draw < 35 && wall !== undefined ? wall.nowMs() + random.below(20 * SECOND_MS) : 0;
    return { kind: 'put', key: this.key(), value: this.value(), ...(until > 0 && { until }) };
  }

  private value(): Buffer {
    const { random } = this;
    if (random.chance(0.02)) return Buffer.alloc(0);
    const draw = random.below(1000);
    const bytes = draw === 0 ? 40_000 : draw < 10 ? random.below(5000) : random.below(120);
    const value = Buffer.alloc(4 + bytes, draw);
    value.writeUInt32LE(this.step);
    return value;
  }

  private key(): Buffer {
    return this.keys[this.random.below(this.keys.length)]!;
  }

  private bounds(): [from: Buffer | undefined, to: Buffer | undefined] {
    const { random, keys } = this;
    const from = random.below(keys.length);
    const to = Math.min(keys.length - 1, from + random.below(random.chance(0.7) ? 6 : keys.length));
    return [
      random.chance(0.05) ? undefined : keys[from],
      random.chance(0.05) ? undefined : keys[to],
    ];
  }

  private nowMs(): number {
    return this.options.wall?.nowMs() ?? 0;
  }

  private expected(content: Content, key: string): Buffer | null {
    const entry = content.get(key);
    if (entry === undefined) return null;
    return entry.until > 0 && entry.until <= this.nowMs() ? null : entry.value;
  }

  private async check(): Promise<void> {
    const key = this.key();
    const chosen = this.random.chance(0.2) ? this.someView() : undefined;
    const got = this.options.store.get(key, chosen?.view);
    const value = got instanceof Promise ? await got : got;
    const wanted = this.expected(chosen?.content ?? this.content, key.toString('latin1'));
    if (value === null ? wanted === null : wanted?.equals(value) === true) return;
    const where = chosen === undefined ? 'now' : 'in a view';
    assert.fail(`${key.toString('hex')} ${where}: ${shown(value)}, wanted ${shown(wanted)}`);
  }

  private async scan(): Promise<void> {
    const chosen = this.random.chance(0.3) ? this.someView() : undefined;
    const range = this.range(chosen?.view);
    const walk = this.options.store.walk(range);
    const open: OpenWalk = { walk, content: chosen?.content ?? this.content, range, last: null };
    if (this.walks.length < WALKS_MAX && this.random.chance(0.2)) {
      this.walks.push({ ...open, content: new Map(open.content) });
      return;
    }
    while (await this.page(open));
    await walk.close();
  }

  /** Takes a few pairs more of a walk that was begun before. */
  private async walkOn(): Promise<void> {
    const nth = this.random.below(WALKS_MAX);
    const open = this.walks[nth];
    if (open === undefined) return;
    const more = await this.page(open);
    if (more && this.random.chance(0.9)) return;
    await open.walk.close();
    this.walks.splice(nth, 1);
  }

  /** @returns false at the end. */
  private async page(open: OpenWalk): Promise<boolean> {
    const nowMs = this.nowMs();
    const pairs = await open.walk.next();
    const wanted = this.rest(open, nowMs, Math.max(1, pairs.length));
    const same =
      pairs.length === wanted.length && pairs.every((pair, nth) => isSame(pair, wanted[nth]!));
    if (!same) assert.deepEqual(pairs.map(textOf), wanted.map(textOf));
    open.last = pairs.at(-1)?.[0].toString('latin1') ?? open.last;
    return pairs.length > 0;
  }

  private rest({ content, range, last }: OpenWalk, nowMs: number, count: number): Pair[] {
    const { from, to, reverse = false } = range;
    const low = from?.toString('latin1') ?? '';
    const high = to?.toString('latin1');
    const pairs: Pair[] = [];
    const { keys } = this;
    for (let nth = 0; nth < keys.length && pairs.length < count; nth++) {
      const key = keys[reverse ? keys.length - 1 - nth : nth]!;
      const text = key.toString('latin1');
      if (text < low || (high !== undefined && text >= high)) continue;
      if (last !== null && (reverse ? text >= last : text <= last)) continue;
      const entry = content.get(text);
      if (entry === undefined || (entry.until > 0 && entry.until <= nowMs)) continue;
      pairs.push([key, entry.value]);
    }
    return pairs;
  }

  private range(view: View | undefined): Range {
    const [from, to] = this.bounds();
    const reverse = this.random.chance(0.5);
    return { ...(from && { from }), ...(to && { to }), reverse, ...(view && { view }) };
  }

  private someView(): OpenView | undefined {
    return this.views[this.random.below(VIEWS_MAX)];
  }

  private takeView(): void {
    if (this.views.length === VIEWS_MAX) return;
    this.views.push({ view: this.options.store.view(), content: new Map(this.content) });
  }

  private releaseView(): void {
    this.views.splice(this.random.below(VIEWS_MAX), 1)[0]?.view.release();
  }

  private async reopen(): Promise<void> {
    await this.letGo();
    if (this.options.logged === false) await this.options.store.flush();
    await this.options.store.reopen();
    await this.checkAll();
  }

  private async letGo(): Promise<void> {
    for (const { view } of this.views.splice(0)) view.release();
    for (const { walk } of this.walks.splice(0)) await walk.close();
  }

  private async checkAll(): Promise<void> {
    for (const reverse of [false, true]) {
      const walk = this.options.store.walk({ reverse });
      const open: OpenWalk = { walk, content: this.content, range: { reverse }, last: null };
      while (await this.page(open));
      await walk.close();
    }
  }
}

/** Short ones, prefixes of each other, zeros and 0xff among them, sorted. */
function keysOf(random: SimRandom, count: number): Buffer[] {
  const keys = new Set(['', '\0', '\0\0', 'a', 'a\0', 'a\0\0', 'aa', '\xff', '\xff\xff', '\xff\0']);
  const letters = ['a', 'b', '\0', '\xff', 'key-'];
  while (keys.size < count) {
    let key = '';
    for (let left = 1 + random.below(6); left > 0; left--) key += letters[random.below(5)]!;
    keys.add(random.chance(0.02) ? key.padEnd(700, key) : key);
  }
  return [...keys].sort().map((key) => Buffer.from(key, 'latin1'));
}

function isSame(a: Pair, b: Pair): boolean {
  return a[0].equals(b[0]) && a[1].equals(b[1]);
}

function textOf([key, value]: Pair): string {
  return `${key.toString('hex')} ${shown(value)}`;
}

/** Its length and the step that wrote it. */
function shown(value: Buffer | null): string {
  if (value === null) return 'nothing';
  return value.length < 4 ? 'empty' : `${value.length} bytes of step ${value.readUInt32LE()}`;
}
