/**
 * A response that goes past the cache: it is told how it was handled, and what it makes stale is made stale.
 */
import type { ResponseSink } from '../../core/http/index.ts';
import { FieldId, type Fields, type ResponseHead } from '../../core/wire/index.ts';

export interface Passed {
  /** Its final head has come; before it goes on. */
  onHead(head: ResponseHead): void;
}

export class PassSink implements ResponseSink {
  private readonly next: ResponseSink;
  private readonly passed: Passed | null;
  /** Member of Cache-Status; empty for none. */
  private readonly status: string;

  constructor(next: ResponseSink, status: string, passed: Passed | null) {
    this.next = next;
    this.status = status;
    this.passed = passed;
  }

  interim(head: ResponseHead): void {
    this.next.interim(head);
  }

  head(head: ResponseHead, end: boolean): void {
    this.passed?.onHead(head);
    if (this.status !== '') head.fields.appendToList(FieldId.cacheStatus, this.status);
    this.next.head(head, end);
  }

  data(bytes: Buffer, stays: boolean): boolean {
    return this.next.data(bytes, stays);
  }

  end(trailers: Fields | null): void {
    this.next.end(trailers);
  }

  flush(): void {
    this.next.flush();
  }

  abort(): void {
    this.next.abort();
  }
}
