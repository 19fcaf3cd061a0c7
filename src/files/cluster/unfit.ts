/**
 * Replicas that do not count: damaged ones, ones of another stamp, and whole ones that are told to go. They are
 * few, so they stand in a map beside the block map.
 *
 *     whole replica ──trimmed──▶ leaving ──answered, or not reported──▶ (nothing)
 *                                   └──failed, or its node registers anew; time passes; it is still there──▶ whole again
 *     damaged ─▶ corrupt ──told──▶ ... ──▶ (nothing)
 *     other stamp ─▶ stale ──told──▶ ... ──▶ (nothing)
 *     gone: it is not there, but a deletion that was told to its node may still be done
 *
 * Invariant: a node stands at most once beside a block, either in the block map or here. While a node may still
 * carry out a deletion it stands here, so that nothing is copied to it under the name that is to be deleted.
 */

export type UnfitKind = 'corrupt' | 'stale' | 'leaving' | 'gone';

export interface Unfit {
  /** Index in the node table. */
  readonly node: number;
  stamp: number;
  kind: UnfitKind;
  /** As in the block map. */
  mark: number;
  /** Deletions that its node may still carry out, by the ids of their work. */
  told: number[];
  /** The last of them was given up: it may be told again. */
  isGivenUp: boolean;
  /** Found damaged before its node registered anew or read it whole: if the node says that it is whole, it is. */
  isBelieved: boolean;
  /** How an order about it ended is not known, on a connection that lasts: until then it may be carried out. */
  doubtUntilMs: number;
}

export class UnfitReplicas {
  /** All but those that are leaving or gone. */
  count = 0;
  private readonly rows = new Map<number, Unfit[]>();

  of(row: number): readonly Unfit[] {
    return this.rows.get(row) ?? NONE;
  }

  find(row: number, node: number): Unfit | undefined {
    return this.rows.get(row)?.find((each) => each.node === node);
  }

  add(row: number, replica: Pick<Unfit, 'node' | 'stamp' | 'kind' | 'mark'>): Unfit {
    const unfit: Unfit = { ...replica, ...FRESH, told: [] };
    const others = this.rows.get(row);
    if (others === undefined) this.rows.set(row, [unfit]);
    else others.push(unfit);
    if (isBad(unfit.kind)) this.count++;
    return unfit;
  }

  change(unfit: Unfit, kind: UnfitKind): void {
    this.count += Number(isBad(kind)) - Number(isBad(unfit.kind));
    unfit.kind = kind;
  }

  drop(row: number, unfit: Unfit): void {
    const others = this.rows.get(row);
    const at = others?.indexOf(unfit) ?? -1;
    if (others === undefined || at === -1) return;
    others.splice(at, 1);
    if (isBad(unfit.kind)) this.count--;
    if (others.length === 0) this.rows.delete(row);
  }

  /** The block is not known any more. */
  dropRow(row: number): void {
    for (const unfit of [...this.of(row)]) this.drop(row, unfit);
  }

  /** Those of a node, with their rows. */
  ofNode(node: number): { readonly row: number; readonly unfit: Unfit }[] {
    const found: { readonly row: number; readonly unfit: Unfit }[] = [];
    for (const [row, all] of this.rows) {
      for (const unfit of all) if (unfit.node === node) found.push({ row, unfit });
    }
    return found;
  }
}

const NONE: readonly Unfit[] = [];
const FRESH = { isGivenUp: false, isBelieved: false, doubtUntilMs: 0 };

function isBad(kind: UnfitKind): boolean {
  return kind === 'corrupt' || kind === 'stale';
}
