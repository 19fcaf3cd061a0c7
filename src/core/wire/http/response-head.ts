/**
 * The head of a response, of HTTP/1 or HTTP/2, as offsets into what was received.
 *
 * Invariants: see message-head.ts.
 */
import { MessageHead } from './message-head.ts';
import { reasonOf } from './status.ts';

export class ResponseHead extends MessageHead {
  /** 100-599. */
  status = 0;
  /** The reason phrase in `fields.buf`; of no meaning to anybody (RFC 9112 section 4), but passed on. */
  reasonStart = 0;
  reasonLength = 0;

  reset(): void {
    this.resetMessage();
    this.status = 0;
    this.reasonStart = 0;
    this.reasonLength = 0;
  }

  /** Copies what the head refers to into memory of its own, so that the received bytes may be reused. */
  retain(): void {
    if (this.retained) return;
    this.retained = true;
    const by = this.fields.retain(this.start, this.end);
    this.start = 0;
    this.end -= by;
    if (this.reasonLength > 0) this.reasonStart -= by;
  }

  /** The reason phrase as received, else the usual one. */
  reason(): string {
    return this.reasonLength > 0
      ? this.fields.text(this.reasonStart, this.reasonLength)
      : reasonOf(this.status);
  }

  /** Makes it another status, with the usual reason phrase. */
  setStatus(status: number): void {
    this.status = status;
    this.reasonLength = 0;
  }

  /** Whether this is an interim response, after which another one comes (1xx, but not 101). */
  isInterim(): boolean {
    return this.status < 200 && this.status !== 101;
  }
}
