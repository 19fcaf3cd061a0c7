/** The last receipts, for those who ask for one once more: `RECEIPTS_MAX` of them. */
import { RECEIPTS_MAX } from './limits.ts';
import type { PurgeReceipt } from './messages.ts';

export class Receipts {
  private readonly bySequence = new Map<number, PurgeReceipt>();

  keep(receipt: PurgeReceipt): void {
    this.bySequence.set(receipt.sequence, receipt);
    if (this.bySequence.size <= RECEIPTS_MAX) return;
    const [oldest] = this.bySequence.keys();
    if (oldest !== undefined) this.bySequence.delete(oldest);
  }

  of(sequence: number): PurgeReceipt | undefined {
    return this.bySequence.get(sequence);
  }
}
