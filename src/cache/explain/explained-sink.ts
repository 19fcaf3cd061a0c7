/** Puts an explanation into the fields of a response: for those who run the servers, since it tells what is stored. */
import type { ResponseSink } from '../../core/http/index.ts';
import type { Fields, ResponseHead } from '../../core/wire/index.ts';
import { explanationLines } from './explain-text.ts';
import type { Explanation } from './explanation.ts';

const EXPLAIN_FIELD: Buffer = Buffer.from('Plinth-Explain', 'latin1');
/** Longer ones are cut. */
const VALUE_BYTES_MAX = 4096;

/** An explanation as the value of a field: its lines, parted by bars. */
export function explanationValue(explanation: Explanation): string {
  return explanationLines(explanation)
    .map((line) => line.replaceAll(/\s+/g, ' ').trim())
    .join(' | ')
    .replaceAll(/[^ -~]/g, '?')
    .slice(0, VALUE_BYTES_MAX)
    .trim();
}

export class ExplainedSink implements ResponseSink {
  private readonly next: ResponseSink;
  private readonly value: string;

  constructor(next: ResponseSink, explanation: Explanation) {
    this.next = next;
    this.value = explanationValue(explanation);
  }

  interim(head: ResponseHead): void {
    this.next.interim(head);
  }

  head(head: ResponseHead, end: boolean): void {
    head.fields.add(EXPLAIN_FIELD, this.value);
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
