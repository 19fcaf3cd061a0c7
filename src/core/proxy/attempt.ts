/** One attempt to have a request answered: where it goes, how far it is, and to whom its server's events go. */
import type { Placed } from '../base/index.ts';
import type { Exchange } from '../http/index.ts';
import type {
  Origin,
  UpstreamEvents,
  UpstreamFailure,
  UpstreamRequest,
} from '../upstream/index.ts';
import type { Fields, ResponseHead } from '../wire/index.ts';
import type { Target } from './plan.ts';

/** Who made the attempt. */
export interface AttemptOwner {
  onReady(attempt: Attempt): void;
  onInterim(attempt: Attempt, head: ResponseHead): void;
  onHead(attempt: Attempt, head: ResponseHead, end: boolean): void;
  onData(bytes: Buffer, stays: boolean): boolean;
  onEnd(trailers: Fields | null): void;
  onReadEnd(): void;
  onWritable(): void;
  onFailure(attempt: Attempt, failure: UpstreamFailure): void;
}

export class Attempt implements UpstreamEvents, Placed {
  target: Target | null = null;
  /** Where it is under way; the plan's own. */
  exchange: Exchange | null = null;
  place = -1;
  /** 1 for the first of its exchange. */
  number = 0;
  /** A number of the plan's own. */
  ticket = 0;
  /** When it was chosen, had its connection, and its response began; monotonic ms, 0 before. */
  chosenMs = 0;
  readyMs = 0;
  headMs = 0;
  /** The read that brought the head is still being told of: what ends within it ends when the head came. */
  headComes = false;
  /** Some of the request has been sent. */
  sent = false;
  /** Status of the server's response, 0 before. */
  status = 0;
  upstream: UpstreamRequest | null = null;
  /** Where a connection was asked for: a target may be given another origin meanwhile. */
  origin: Origin | null = null;
  private readonly owner: AttemptOwner;

  constructor(owner: AttemptOwner) {
    this.owner = owner;
  }

  begin(target: Target, number: number, nowMs: number): void {
    this.target = target;
    this.origin = target.origin;
    this.number = number;
    this.chosenMs = nowMs;
    this.readyMs = 0;
    this.headMs = 0;
    this.headComes = false;
    this.sent = false;
    this.status = 0;
  }

  /** Nothing is told behind this call. */
  cancel(): void {
    if (this.upstream !== null) this.upstream.cancel();
    else this.origin?.cancel(this);
  }

  reset(): void {
    this.target = null;
    this.exchange = null;
    this.number = 0;
    this.ticket = 0;
    this.chosenMs = 0;
    this.readyMs = 0;
    this.headMs = 0;
    this.headComes = false;
    this.sent = false;
    this.status = 0;
    this.upstream = null;
    this.origin = null;
  }

  onReady(upstream: UpstreamRequest): void {
    this.upstream = upstream;
    this.owner.onReady(this);
  }

  onInterim(head: ResponseHead): void {
    this.owner.onInterim(this, head);
  }

  onHead(head: ResponseHead, end: boolean): void {
    // Its connection may carry another request by now.
    if (end) this.upstream = null;
    this.owner.onHead(this, head, end);
  }

  onData(bytes: Buffer, stays: boolean): boolean {
    return this.owner.onData(bytes, stays);
  }

  onEnd(trailers: Fields | null): void {
    this.owner.onEnd(trailers);
  }

  onReadEnd(): void {
    this.owner.onReadEnd();
  }

  onWritable(): void {
    this.owner.onWritable();
  }

  onFailure(failure: UpstreamFailure): void {
    this.upstream = null;
    this.origin = null;
    if (!failure.sent) this.sent = false;
    this.owner.onFailure(this, failure);
  }
}
