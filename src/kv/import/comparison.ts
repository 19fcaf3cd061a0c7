/**
 * What comparing two stores found, and the comparing of one batch of keys, whoever asked the two sides.
 */
import { isFault, type Reply } from '../../core/wire/index.ts';
import { DIFFERENCES_KEPT } from './limits.ts';
import { sameValue } from './value-digest.ts';

export type DifferenceKind =
  | 'only-at-source'
  | 'only-at-target'
  | 'other-value'
  | 'other-expiry'
  | 'unreadable';

export interface Difference {
  readonly db: number;
  readonly key: Buffer;
  readonly kind: DifferenceKind;
}

export interface DatabaseComparison {
  readonly db: number;
  readonly sourceKeys: number;
  readonly targetKeys: number;
  readonly compared: number;
  readonly differing: number;
}

export interface ComparisonReport {
  readonly same: boolean;
  readonly databases: readonly DatabaseComparison[];
  /** False where libraries of functions differ. */
  readonly functionsSame: boolean;
  /** The first of them. */
  readonly differences: readonly Difference[];
}

/** How one key looks at one side. */
export interface KeyView {
  /** DUMP. */
  readonly payload: Reply;
  /** PEXPIRETIME; null where the side does not know the command. */
  readonly expiry: Reply;
}

/**
 * Null: both sides hold the same. `sourceNowMs` is the source's time: a key that is over by it is none at
 * the source, and stays at the target until the source's stream removes it.
 */
export function differenceOf(
  source: KeyView,
  target: KeyView,
  sourceNowMs: number,
): DifferenceKind | null {
  const [one, other] = [source.payload, target.payload];
  if (isFault(one) || isFault(other)) return 'unreadable';
  if (one === null || other === null) {
    if (one === other) return null;
    if (other === null) return 'only-at-source';
    const { expiry } = target;
    const isOver = typeof expiry === 'number' && expiry >= 0 && expiry <= sourceNowMs;
    return isOver ? null : 'only-at-target';
  }
  if (!Buffer.isBuffer(one) || !Buffer.isBuffer(other)) return 'unreadable';
  if (!sameValue(one, other)) return 'other-value';
  if (source.expiry === null || target.expiry === null) return null;
  return source.expiry === target.expiry ? null : 'other-expiry';
}

/** Gathers a report. */
export class ComparisonTally {
  private readonly rows: DatabaseComparison[] = [];
  private readonly differences: Difference[] = [];
  private differing = 0;
  private functionsSame = true;
  private sizesSame = true;

  database(row: Omit<DatabaseComparison, 'differing'>, differences: readonly Difference[]): void {
    this.rows.push({ ...row, differing: differences.length });
    this.differing += differences.length;
    this.sizesSame &&= row.sourceKeys === row.targetKeys;
    const room = DIFFERENCES_KEPT - this.differences.length;
    this.differences.push(...differences.slice(0, room));
  }

  functions(same: boolean): void {
    this.functionsSame = same;
  }

  report(): ComparisonReport {
    const { rows: databases, functionsSame, differences } = this;
    const same = this.differing === 0 && functionsSame && this.sizesSame;
    return { same, databases, functionsSame, differences };
  }
}
