/** A response at rest, as far as the sweeper of purges looks at it: the same object for one record after the other. */
import type { Address } from '../../core/memory/index.ts';
import type { Sleepers } from './sleepers.ts';

export class SleepingResponse {
  address: Address = 0;
  private readonly sleepers: Sleepers;

  constructor(sleepers: Sleepers) {
    this.sleepers = sleepers;
  }

  get key(): string {
    return this.sleepers.keyOf(this.address);
  }

  get tags(): readonly number[] {
    return this.sleepers.tagsOf(this.address);
  }

  get seq(): number {
    return this.sleepers.seqOf(this.address);
  }

  set seq(seq: number) {
    this.sleepers.raiseSeq(this.address, seq);
  }
}
