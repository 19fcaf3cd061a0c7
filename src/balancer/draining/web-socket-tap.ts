/**
 * Counts the frames that a server sends through a WebSocket, so that the client can be told in order that its
 * connection goes away: a Close frame with 1001 between two frames (RFC 6455 sections 5.2, 5.5.1, 7.4.1).
 *
 *     passing ──goodbye──▶ (the frame under way ends) ──▶ Close 1001 sent ──▶ the server is not passed on any more
 *        └── the server closes by itself ──▶ passing to its end
 *
 * The client's own Close goes to the server as everything it says does, which then ends the tunnel.
 * Invariant: what the client gets is whole frames, in their order, with nothing behind a Close frame.
 */
import type { ResponseSink } from '../../core/http/index.ts';
import type { Fields, ResponseHead } from '../../core/wire/index.ts';

/** FIN, opcode 8, two bytes: 1001, "going away". A server's frames are not masked. */
const CLOSE_1001 = Buffer.from([0x88, 0x02, 0x03, 0xe9]);
const OPCODE_CLOSE = 8;
const HEADER_BYTES_MAX = 14;

export class WebSocketTap implements ResponseSink {
  /** Close was sent to the client, by the server or by us. */
  isClosing = false;
  private readonly next: ResponseSink;
  /** The beginning of a frame's header, while it is not whole. */
  private readonly header: Buffer = Buffer.allocUnsafeSlow(HEADER_BYTES_MAX);
  private headerBytes = 0;
  /** Of the payload of the frame under way. */
  private payloadLeft = 0;
  private leaving = false;
  private muted = false;

  constructor(next: ResponseSink) {
    this.next = next;
  }

  /** Tells the client 1001 as soon as the frame under way has ended. */
  goodbye(): void {
    this.leaving = true;
    if (this.isBetweenFrames) this.sayGoodbye();
  }

  interim(head: ResponseHead): void {
    this.next.interim(head);
  }

  head(head: ResponseHead, end: boolean): void {
    this.next.head(head, end);
  }

  data(bytes: Buffer, stays: boolean): boolean {
    if (this.muted) return true;
    const end = this.scan(bytes);
    if (end === bytes.length) {
      const free = this.next.data(bytes, stays);
      if (this.leaving && this.isBetweenFrames) this.sayGoodbye();
      return free;
    }
    if (end > 0) this.next.data(bytes.subarray(0, end), stays);
    this.sayGoodbye();
    return true;
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

  private get isBetweenFrames(): boolean {
    return this.headerBytes === 0 && this.payloadLeft === 0;
  }

  private sayGoodbye(): void {
    if (this.isClosing) return;
    this.isClosing = true;
    this.muted = true;
    this.next.data(CLOSE_1001, true);
    this.next.flush();
  }

  /** Follows the frames through these bytes. @returns where to stop: behind them, or where goodbye can be said. */
  private scan(bytes: Buffer): number {
    const { length } = bytes;
    let at = 0;
    while (at < length) {
      if (this.payloadLeft > 0) {
        const taken = Math.min(this.payloadLeft, length - at);
        this.payloadLeft -= taken;
        at += taken;
      } else {
        if (this.leaving && this.headerBytes === 0 && !this.isClosing) return at;
        this.header[this.headerBytes++] = bytes[at++]!;
        this.lookAtHeader();
      }
    }
    return length;
  }

  private lookAtHeader(): void {
    const { header, headerBytes } = this;
    if (headerBytes < 2) return;
    const second = header[1]!;
    const short = second & 0x7f;
    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
    const mask = second >= 0x80 ? 4 : 0;
    if (headerBytes < 2 + lengthBytes + mask) return;
    this.headerBytes = 0;
    if ((header[0]! & 0x0f) === OPCODE_CLOSE) this.isClosing = true;
    if (lengthBytes === 0) this.payloadLeft = short;
    else if (lengthBytes === 2) this.payloadLeft = header.readUInt16BE(2);
    else this.payloadLeft = header.readUInt32BE(2) * 2 ** 32 + header.readUInt32BE(6);
  }
}
