/**
 * One stream of a connection, and its states (RFC 9113, 5.1):
 *
 *              we sent END_STREAM                 the peer sent END_STREAM
 *     open ------------------------> half closed (local) ----------------> closed
 *      |   the peer sent END_STREAM                 we sent END_STREAM        ^
 *      +---------------------------> half closed (remote) ------------------+
 *      +---------------------------- RST_STREAM, either way ----------------+
 *
 * Idle streams are numbers only, closed ones leave the connection's table. Objects are pooled: whoever has
 * one must forget it when `onClosed` was called for it.
 */

/** Two bits: what has ended. */
export const StreamState = { open: 0, halfClosedLocal: 1, halfClosedRemote: 2, closed: 3 } as const;
export const LOCAL_ENDED = 1;
export const REMOTE_ENDED = 2;

export class Http2Stream<T> {
  id = 0;
  /** Whatever the owner wants to find again. */
  context: T | null = null;
  /** A `StreamState`. */
  state = 0;
  /** The connection still has it. */
  live = false;
  /** Our head is sent; the final head of the peer has come. */
  headSent = false;
  headReceived = false;

  /** Octets that we may send. May be negative after SETTINGS (6.9.2). */
  sendWindow = 0;
  /** Octets that the peer may send. */
  receiveWindow = 0;
  /** Octets handed to the owner that it has not taken yet. */
  untaken = 0;
  /** Octets taken that no WINDOW_UPDATE has told of. */
  unannounced = 0;
  /** Octets of body still to come by Content-Length, -1 when unknown. */
  expected = -1;
  /** Octets of body so far, for whoever watches progress. */
  receivedBytes = 0;
  sentBytes = 0;

  /** It is the answer to HEAD that is awaited here. */
  toHead = false;
  /** The response that came can have no body. */
  bodiless = false;
  /** What else the peer sends here is dropped. */
  discarding = false;
  /** `sendData` could not send all: the owner waits for `onWritable`. */
  blocked = false;
  /** Since when the peer's windows have let next to nothing through, -1 when they do. */
  stalledSinceMs = -1;

  /** Neighbours among the streams that wait to send. */
  queued = false;
  next: Http2Stream<T> | null = null;
  previous: Http2Stream<T> | null = null;

  get localEnded(): boolean {
    return (this.state & LOCAL_ENDED) !== 0;
  }

  get remoteEnded(): boolean {
    return (this.state & REMOTE_ENDED) !== 0;
  }

  /** Makes it a new stream. */
  open(id: number, sendWindow: number, receiveWindow: number): void {
    this.id = id;
    this.context = null;
    this.state = StreamState.open;
    this.live = true;
    this.headSent = false;
    this.headReceived = false;
    this.sendWindow = sendWindow;
    this.receiveWindow = receiveWindow;
    this.untaken = 0;
    this.unannounced = 0;
    this.expected = -1;
    this.receivedBytes = 0;
    this.sentBytes = 0;
    this.toHead = false;
    this.bodiless = false;
    this.discarding = false;
    this.blocked = false;
    this.stalledSinceMs = -1;
  }
}

/** Streams in the order in which they may send next. Linked in the streams themselves. */
export class StreamQueue<T> {
  private first: Http2Stream<T> | null = null;
  private last: Http2Stream<T> | null = null;

  get isEmpty(): boolean {
    return this.first === null;
  }

  push(stream: Http2Stream<T>): void {
    if (stream.queued) return;
    stream.queued = true;
    stream.previous = this.last;
    if (this.last === null) this.first = stream;
    else this.last.next = stream;
    this.last = stream;
  }

  shift(): Http2Stream<T> | null {
    const stream = this.first;
    if (stream !== null) this.remove(stream);
    return stream;
  }

  remove(stream: Http2Stream<T>): void {
    if (!stream.queued) return;
    stream.queued = false;
    if (stream.previous === null) this.first = stream.next;
    else stream.previous.next = stream.next;
    if (stream.next === null) this.last = stream.previous;
    else stream.next.previous = stream.previous;
    stream.next = null;
    stream.previous = null;
  }
}

/** The last streams that we reset: frames of them that were under way are let pass (5.4.2). */
export class ResetMemory {
  private ids: Int32Array | null = null;
  private at = 0;
  private readonly size: number;

  constructor(size: number) {
    this.size = size;
  }

  add(id: number): void {
    this.ids ??= new Int32Array(this.size);
    this.ids[this.at] = id;
    this.at = (this.at + 1) % this.size;
  }

  has(id: number): boolean {
    return this.ids?.includes(id) ?? false;
  }
}

/**
 * Gaps that the peer left between the streams it opened: those in them count as closed (5.1.1), but opening one is
 * another mistake than using one that has been there. Honest peers leave none, so the last few are enough.
 */
export class SkippedStreams {
  private gaps: { readonly above: number; readonly below: number }[] | null = null;

  add(above: number, below: number): void {
    this.gaps ??= [];
    this.gaps.push({ above, below });
    if (this.gaps.length > SKIPPED_KEPT) this.gaps.shift();
  }

  has(id: number): boolean {
    return this.gaps?.some(({ above, below }) => id > above && id < below) ?? false;
  }
}

const SKIPPED_KEPT = 16;
