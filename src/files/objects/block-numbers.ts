/**
 * Numbers for blocks, taken from the namespace a thousand at a time, so that a block costs no entry of the journal.
 *
 * Numbers that a process has taken and not used are never used.
 */
import type { Namespace } from '../namespace/namespace.ts';

const COUNT = 4096;

export class BlockNumbers {
  private readonly namespace: Namespace;
  private nextNumber = 0;
  private end = 0;
  private taking: Promise<void> | undefined;
  /** Blocks with lower numbers were not written by this process. */
  first = 0;

  private constructor(namespace: Namespace) {
    this.namespace = namespace;
  }

  static async open(namespace: Namespace): Promise<BlockNumbers> {
    const numbers = new BlockNumbers(namespace);
    await numbers.take();
    numbers.first = numbers.nextNumber;
    return numbers;
  }

  /** @throws FilesError. */
  next(): number | Promise<number> {
    return this.nextNumber < this.end ? this.nextNumber++ : this.nextLater();
  }

  private async nextLater(): Promise<number> {
    while (this.nextNumber >= this.end) {
      this.taking ??= this.take().finally(() => {
        this.taking = undefined;
      });
      await this.taking;
    }
    return this.nextNumber++;
  }

  private async take(): Promise<void> {
    const first = await this.namespace.run('numbers', { count: COUNT });
    this.nextNumber = first;
    this.end = first + COUNT;
  }
}
