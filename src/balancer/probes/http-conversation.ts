/**
 * The conversation of an HTTP check: one request, one response, as strictly read as those of users.
 *
 * Invariants: at most one head and `BODY_BYTES_MAX` of a body are kept; it ends as soon as the verdict is
 * certain, so a body is read only when a text is looked for, and only until that is found.
 */
import { BodyReader, type BodySink } from '../../core/http/index.ts';
import {
  CHUNK_LIMITS,
  HEAD_LIMITS,
  HeadCollector,
  type MethodId,
  parseResponseHead,
  problemOf,
  ResponseHead,
} from '../../core/wire/index.ts';
import type { StatusSet } from './check-rules.ts';
import type { Conversation, Verdict } from './probe.ts';

/** How far a text is looked for in the body. */
export const BODY_BYTES_MAX = 64 * 1024;

/** Interim responses (1xx) before the one that counts. */
const INTERIM_MAX = 16;

/** What is asked, and what is wanted. */
export interface HttpCheck {
  readonly request: Buffer;
  readonly method: MethodId;
  readonly statuses: StatusSet;
  /** What must stand in the body; undefined: the body does not matter. */
  readonly text: Buffer | undefined;
}

export class HttpConversation implements Conversation, BodySink {
  readonly request: Buffer;
  private readonly check: HttpCheck;
  private readonly head = new ResponseHead();
  private readonly collector: HeadCollector;
  private readonly body = new BodyReader();
  private interims = 0;
  private headTaken = false;
  private found = false;
  private kept: Buffer = EMPTY;
  private keptBytes = 0;

  constructor(check: HttpCheck) {
    this.request = check.request;
    this.check = check;
    this.collector = new HeadCollector(HEAD_LIMITS.headBytes, (buf, start, end) =>
      parseResponseHead(this.head, buf, start, end, HEAD_LIMITS, check.method),
    );
  }

  take(chunk: Buffer): Verdict | undefined {
    let at = 0;
    while (!this.headTaken) {
      const taken = this.collector.take(chunk, at, chunk.length);
      if (taken < 0) return notHttp(taken);
      if (taken === 0) return undefined;
      at += taken;
      const verdict = this.headCame();
      if (verdict !== undefined) return verdict;
      if (at === chunk.length) return undefined;
    }
    const next = this.body.read(chunk, at, chunk.length, false, this);
    if (this.found) return this.verdict('passed');
    if (next < 0) return { ...notHttp(next), status: this.head.status };
    return this.body.ended ? this.verdict('wrong-body') : undefined;
  }

  ended(): Verdict {
    if (!this.headTaken) return { reason: 'closed-early' };
    return this.verdict(this.body.peerEnded(this) ? 'wrong-body' : 'closed-early');
  }

  close(): void {
    this.body.stop();
    this.collector.release();
    this.kept = EMPTY;
  }

  // As the sink of the body.

  data(bytes: Buffer): boolean {
    const { text } = this.check;
    if (text === undefined) return true;
    if (this.kept === EMPTY) this.kept = Buffer.allocUnsafe(BODY_BYTES_MAX);
    // The text may have begun in the bytes before.
    const from = Math.max(0, this.keptBytes - text.length + 1);
    this.keptBytes += bytes.copy(this.kept, this.keptBytes);
    this.found = this.kept.subarray(0, this.keptBytes).indexOf(text, from) !== -1;
    if (this.found || this.keptBytes === BODY_BYTES_MAX) this.body.stop();
    return true;
  }

  end(): void {}

  flush(): void {}

  abort(): void {}

  private headCame(): Verdict | undefined {
    const { head, check } = this;
    if (head.isInterim()) {
      if (++this.interims <= INTERIM_MAX) return undefined;
      return { reason: 'not-http', detail: `more than ${INTERIM_MAX} interim responses` };
    }
    this.headTaken = true;
    if (check.statuses[head.status] !== 1) return this.verdict('wrong-status');
    if (check.text === undefined) return this.verdict('passed');
    this.body.begin(head, CHUNK_LIMITS);
    return this.body.ended ? this.verdict('wrong-body') : undefined;
  }

  private verdict(reason: Verdict['reason']): Verdict {
    return { reason, status: this.head.status };
  }
}

function notHttp(code: number): Verdict {
  return { reason: 'not-http', detail: problemOf(code).says };
}

const EMPTY = Buffer.alloc(0);
