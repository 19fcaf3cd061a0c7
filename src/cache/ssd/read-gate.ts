/** Bounds the bytes that are being read at a time; who comes later waits in line. */
import { bodyReadBytesMax } from './limits.ts';

export class ReadGate {
  /** Bytes of reads under way. */
  bytes = 0;
  private waiting: { readonly bytes: number; readonly run: () => void }[] = [];

  get queued(): number {
    return this.waiting.length;
  }

  /** Calls `run` now or once there is room. Each entry is left once. */
  enter(bytes: number, run: () => void): void {
    if (this.bytes > 0 && this.bytes + bytes > bodyReadBytesMax) {
      this.waiting.push({ bytes, run });
      return;
    }
    this.bytes += bytes;
    run();
  }

  leave(bytes: number): void {
    this.bytes -= bytes;
    let first = this.waiting[0];
    while (
      first !== undefined &&
      (this.bytes === 0 || this.bytes + first.bytes <= bodyReadBytesMax)
    ) {
      this.waiting.shift();
      this.bytes += first.bytes;
      first.run();
      first = this.waiting[0];
    }
  }
}
