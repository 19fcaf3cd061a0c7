/**
 * Turns of several pools by their weights, spread evenly: nginx' smooth sequence.
 *
 * Invariant: in any `sum of weights` turns in a row, counted from the first, each has as many as its weight.
 */
export class Split {
  private readonly weights: readonly number[];
  private readonly sum: number;
  /** What each has to its credit; they add up to 0 after every turn. */
  private readonly balances: Float64Array;

  /** @param weights at least one above 0. */
  constructor(weights: readonly number[]) {
    this.weights = weights;
    this.sum = weights.reduce((sum, weight) => sum + weight, 0);
    this.balances = new Float64Array(weights.length);
  }

  /** The index of the one whose turn it is. */
  next(): number {
    const { balances, weights } = this;
    let best = -1;
    for (let i = 0; i < balances.length; i++) {
      const weight = weights[i]!;
      if (weight === 0) continue;
      balances[i] = balances[i]! + weight;
      if (best === -1 || balances[i]! > balances[best]!) best = i;
    }
    balances[best] = balances[best]! - this.sum;
    return best;
  }
}
