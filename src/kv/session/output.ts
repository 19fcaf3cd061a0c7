/**
 * What still has to be sent to one client, in order.
 *
 * Replies of a turn stand one after the other in the server's shared writer; as long as a client has
 * one such region and nothing else, that is all there is to know (`from`, `to`). Only when something
 * else comes in between (a pushed message, a slow reader, replies held until the log is durable) are
 * bytes copied or referenced in `chunks`.
 */
import { ownCopy } from '../../core/base/index.ts';
import type { Connection } from '../../core/downstream/index.ts';

export class Output {
  readonly connection: Connection;
  /** Region of the shared writer with this turn's replies; empty when equal. */
  from = 0;
  to = 0;
  /** What comes before the region. */
  chunks: Buffer[] = [];
  /** Bytes of `chunks`. */
  chunkBytes = 0;
  /** Turns of replies that wait for the log; what comes later waits behind them. */
  held = 0;
  /** Bytes of these turns. */
  heldBytes = 0;
  /** Log index of this client's last write. */
  writeIndex = 0;
  /** Unix ms since when it is above the soft limit of its class, 0 when it is not. */
  softSinceMs = 0;
  /** Already in the server's list of clients to flush. */
  scheduled = false;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  /** Bytes not yet taken by the kernel. */
  get pendingBytes(): number {
    const { chunkBytes, heldBytes, connection } = this;
    return chunkBytes + heldBytes + (this.to - this.from) + connection.bufferedBytes;
  }

  /** What is added now may wait long: for a slow reader, or for the log. */
  get isBehind(): boolean {
    return this.held > 0 || this.connection.bufferedBytes > 0;
  }

  /** Adds bytes that nobody will change. */
  add(bytes: Buffer): void {
    this.chunks.push(bytes);
    this.chunkBytes += bytes.length;
  }

  /** Adds the region [from, to) of the shared writer. */
  addRegion(shared: Buffer, from: number, to: number): void {
    if (from === to) return;
    if (this.from === this.to) {
      this.from = from;
      this.to = to;
    } else if (this.to === from) {
      this.to = to;
    } else {
      this.keepRegion(shared);
      this.from = from;
      this.to = to;
    }
  }

  /** Copies the region out of the shared writer; a client for whose copy there is no room is ended. */
  keepRegion(shared: Buffer): void {
    if (this.from === this.to) return;
    try {
      const region = shared.subarray(this.from, this.to);
      this.add(this.isBehind ? ownCopy(region) : Buffer.from(region));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.chunks = [];
      this.chunkBytes = 0;
      this.connection.destroy('reply-too-large');
    }
    this.from = 0;
    this.to = 0;
  }
}
