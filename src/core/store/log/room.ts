/**
 * Room for what is still to be accepted, looked after ahead of need.
 *
 * Promise: while half of what is prepared is still free, more is asked for; when the disk refuses, that
 * is told at once, so that the owner stops accepting while what it has accepted still fits.
 */
import type { Segment } from './segment.ts';
import type { SegmentStore } from './segment-store.ts';

export class Room {
  /** The disk's error that refused more room; stands until `regain` had success. */
  shortage: unknown = null;
  readonly #store: SegmentStore;
  readonly #onShort: (error: unknown) => void;
  readonly #refused = (error: unknown): void => {
    if (this.shortage !== null) return;
    this.shortage = error;
    this.#onShort(error);
  };

  constructor(store: SegmentStore, onShort: (error: unknown) => void) {
    this.#store = store;
    this.#onShort = onShort;
  }

  /** After every write: prepares more when it is time. On a full disk it is not tried at every write. */
  look(segment: Segment): void {
    if (this.shortage !== null) return;
    if (segment.wantsMore) this.#store.extend(segment).catch(this.#refused);
    else if (segment.halfFull) this.#store.prepareSpare(segment)?.catch(this.#refused);
  }

  /** Tries again what was refused. @throws the disk's error. */
  async regain(segment: Segment | null): Promise<void> {
    if (segment?.wantsMore === true) await this.#store.extend(segment);
    else if (segment?.halfFull === true) await this.#store.prepareSpare(segment, true);
    this.shortage = null;
  }
}
