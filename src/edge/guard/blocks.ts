/**
 * Who gets nothing for a while: those whose misdeeds add up, each time twice as long, and networks that an operator
 * names.
 *
 * Misdeeds are counted in a sketch, so that it costs the same whoever commits them; there are rows only for those who
 * were blocked. Both are of a fixed size: a row of somebody whose block is over makes room first, then the block that
 * ends first. Networks of operators are `OPERATOR_BLOCKS_MAX` at most. Hot: bench/edge-guard.ts.
 */
import { parseNetwork } from '../../core/base/index.ts';
import { NetworkRanges } from './network-ranges.ts';
import { PrefixTable, ROW_BYTES } from './prefix-table.ts';
import { hashPrefix, PrefixKind, prefixText } from './prefixes.ts';
import { type Misdeed, misdeedTable } from './reasons.ts';
import { Sketch } from './sketch.ts';
import type { Visitor } from './visitor.ts';

/** What one row takes, bytes. */
export const BLOCK_BYTES = ROW_BYTES + 11;
/** Requests of somebody who is blocked that are told so; further ones are not worth an answer. */
const TOLD_MAX = 10;
export const OPERATOR_BLOCKS_MAX = 1000;
/** Points lose half their weight in this time, milliseconds. */
const POINTS_WINDOW_MS = 15_000;
/** Who has not been blocked for so many times the longest block begins anew. */
const FORGIVEN_FACTOR = 2;
const MISDEEDS = Object.keys(misdeedTable) as readonly Misdeed[];

export interface PenaltySettings {
  readonly enabled: boolean;
  readonly points: number;
  readonly blockMs: number;
  readonly blockMaxMs: number;
}

export interface BlockShown {
  readonly network: string;
  readonly by: 'misdeeds' | 'operator';
  /** The last misdeed, or what the operator said. */
  readonly reason: string;
  /** Milliseconds to go; null: until an operator ends it. */
  readonly leftMs: number | null;
}

interface OperatorBlock {
  readonly network: string;
  readonly reason: string;
  readonly untilMs: number;
}

/** How often each of them was blocked, and for what last. */
class BlockTable extends PrefixTable {
  readonly untilMs: Float64Array = new Float64Array(this.rows);
  readonly times: Uint8Array = new Uint8Array(this.rows);
  readonly misdeed: Uint8Array = new Uint8Array(this.rows);
  readonly told: Uint8Array = new Uint8Array(this.rows);

  protected override onPlaced(row: number): void {
    this.untilMs[row] = 0;
    this.times[row] = 0;
    this.misdeed[row] = 0;
    this.told[row] = 0;
  }
}

export class Blocks {
  /** Blocks for misdeeds so far. */
  begun = 0;
  /** When the last of the blocks for misdeeds ends: nobody is looked for behind it. */
  private lastEndMs = 0;
  private readonly table: BlockTable;
  private readonly points: Sketch;
  private readonly seed: number;
  private operators = new Map<string, OperatorBlock>();
  private ranges = new NetworkRanges([]);

  constructor(options: { readonly memoryBytes: number; readonly seed: number }) {
    this.seed = options.seed;
    this.points = new Sketch(options.memoryBytes / 2);
    this.table = new BlockTable(options.memoryBytes / 2 / BLOCK_BYTES);
  }

  /** Milliseconds for which it is still blocked for its misdeeds; 0: it is not. */
  leftMs(a: number, b: number, nowMs: number): number {
    if (nowMs >= this.lastEndMs) return 0;
    const row = this.table.find(this.hashOf(a, b), a, b, PrefixKind.narrow);
    return row === -1 ? 0 : Math.max(0, this.table.untilMs[row]! - nowMs);
  }

  /** Whether a request of somebody who is blocked is worth telling him; counts it. */
  tells(a: number, b: number): boolean {
    const { table } = this;
    const row = table.find(this.hashOf(a, b), a, b, PrefixKind.narrow);
    if (row === -1 || table.told[row]! >= TOLD_MAX) return false;
    table.told[row] = table.told[row]! + 1;
    return true;
  }

  /** Whether an operator has blocked it. */
  hasOperator({ family, a, b, c, d }: Visitor): boolean {
    if (this.ranges.isEmpty) return false;
    return family === 4 ? this.ranges.hasV4(b) : this.ranges.hasV6(a, b, c, d);
  }

  /** @returns milliseconds of the block that this begins; 0: it begins none. */
  penalise(
    a: number,
    b: number,
    misdeed: Misdeed,
    nowMs: number,
    settings: PenaltySettings,
  ): number {
    if (!settings.enabled) return 0;
    const hash = this.hashOf(a, b);
    const window = Math.floor(nowMs / POINTS_WINDOW_MS);
    const points = this.points.add(hash, misdeedTable[misdeed][0], window);
    if (points < settings.points) return 0;
    return this.block(a, b, misdeed, nowMs, settings);
  }

  private block(
    a: number,
    b: number,
    misdeed: Misdeed,
    nowMs: number,
    { blockMs, blockMaxMs }: PenaltySettings,
  ): number {
    const { table } = this;
    const hash = this.hashOf(a, b);
    let row = table.find(hash, a, b, PrefixKind.narrow);
    if (row === -1) row = table.place(hash, a, b, PrefixKind.narrow, nowMs);
    // What was under way when it was blocked is no further misdeed.
    if (table.untilMs[row]! > nowMs) return 0;
    if (nowMs - table.untilMs[row]! > FORGIVEN_FACTOR * blockMaxMs) table.times[row] = 0;
    const lengthMs = Math.min(blockMaxMs, blockMs * 2 ** table.times[row]!);
    table.times[row] = Math.min(30, table.times[row]! + 1);
    table.untilMs[row] = nowMs + lengthMs;
    table.pinnedMs[row] = nowMs + lengthMs;
    table.touchedMs[row] = nowMs;
    table.told[row] = 0;
    table.misdeed[row] = MISDEEDS.indexOf(misdeed);
    this.lastEndMs = Math.max(this.lastEndMs, nowMs + lengthMs);
    this.begun++;
    return lengthMs;
  }

  /** An operator blocks a network. @param forMs 0: until he ends it. @returns false: there are too many. */
  blockNetwork(network: string, reason: string, forMs: number, nowMs: number): boolean {
    this.expire(nowMs);
    const isNew = !this.operators.has(network);
    if (isNew && this.operators.size >= OPERATOR_BLOCKS_MAX) return false;
    const untilMs = forMs === 0 ? Number.POSITIVE_INFINITY : nowMs + forMs;
    this.operators.set(network, { network, reason, untilMs });
    this.rebuild();
    return true;
  }

  /** Ends all blocks of a network, of operators and for misdeeds. @returns how many there were. */
  unblockNetwork(network: string, nowMs: number): number {
    let ended = 0;
    if (this.operators.delete(network)) {
      this.rebuild();
      ended++;
    }
    const ranges = new NetworkRanges([network]);
    this.eachBlocked(nowMs, (row, text) => {
      const address = parseNetwork(text.split('/')[0] as string);
      if (
        text !== network &&
        (address.kind !== 'network' || !ranges.has(Buffer.from(address.network.bytes)))
      ) {
        return;
      }
      this.table.untilMs[row] = 0;
      this.table.pinnedMs[row] = 0;
      ended++;
    });
    return ended;
  }

  /** Ends blocks of operators whose time is over. */
  expire(nowMs: number): void {
    let changed = false;
    for (const { network, untilMs } of this.operators.values()) {
      if (untilMs > nowMs) continue;
      this.operators.delete(network);
      changed = true;
    }
    if (changed) this.rebuild();
  }

  /** Those that hold, the ones of operators first. @param most of those for misdeeds. */
  shown(nowMs: number, most: number): readonly BlockShown[] {
    const found: BlockShown[] = [];
    this.eachBlocked(nowMs, (row, network) => {
      if (found.length >= most) return;
      const leftMs = this.table.untilMs[row]! - nowMs;
      const reason = MISDEEDS[this.table.misdeed[row]!] as Misdeed;
      found.push({ network, by: 'misdeeds', reason, leftMs });
    });
    const named = [...this.operators.values()].map(
      ({ network, reason, untilMs }): BlockShown => ({
        ...{ network, reason },
        by: 'operator',
        leftMs: untilMs === Number.POSITIVE_INFINITY ? null : Math.max(0, untilMs - nowMs),
      }),
    );
    return [...named, ...found.sort((x, y) => (y.leftMs ?? 0) - (x.leftMs ?? 0))];
  }

  /** Blocks for misdeeds that hold. */
  count(nowMs: number): number {
    let count = 0;
    this.eachBlocked(nowMs, () => count++);
    return count + this.operators.size;
  }

  private eachBlocked(nowMs: number, run: (row: number, network: string) => void): void {
    if (nowMs >= this.lastEndMs) return;
    const { table } = this;
    for (let row = 0; row < table.rows; row++) {
      if (table.tag[row] === 0 || table.untilMs[row]! <= nowMs) continue;
      run(row, prefixText(table.a[row]!, table.b[row]!, PrefixKind.narrow));
    }
  }

  private rebuild(): void {
    this.ranges = new NetworkRanges([...this.operators.keys()]);
  }

  private hashOf(a: number, b: number): number {
    return hashPrefix(a, b, PrefixKind.narrow, this.seed);
  }
}
