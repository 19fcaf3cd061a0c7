/**
 * The output side that every tier shares: at most one write of ours is with the kernel, what comes
 * meanwhile waits here and goes out as one batch.
 *
 * Why one: two writes in flight on one TLS wrap abort the process, and a native write request costs
 * some 500 bytes, so a subscriber that never reads would turn 7-byte messages into seventy times
 * their size. Small pieces are copied into blocks instead, large ones are kept by reference.
 */
import type { PeerCertificate } from '../tls.ts';
import type { ByteStream, StreamEvents } from '../transport.ts';

/** What became of bytes given to the kernel. */
export const Sent = {
  /** All taken. */
  done: 0,
  /** Some wait, the memory is still referred to. */
  held: 1,
  /** Some wait, the memory is free. */
  copied: 2,
  /** The stream is closing with an error. */
  failed: 3,
} as const;
export type Sent = (typeof Sent)[keyof typeof Sent];

/** Pieces up to this size are copied while another write is in flight, bytes. */
const copyMax = 4096;
const blockMin = 4096;
const blockMax = 65_536;

/** Bytes that wait for the write before them. */
export class OutputQueue {
  bytes = 0;
  private pieces: Buffer[] = [];
  private block: Buffer | null = null;
  private start = 0;
  private end = 0;

  /** @returns true when the bytes were copied. */
  push(bytes: Buffer): boolean {
    const length = bytes.length;
    const small = length <= copyMax;
    if (small) {
      if (this.block === null || this.block.length - this.end < length) this.grow();
      bytes.copy(this.block!, this.end);
      this.end += length;
    } else {
      this.seal();
      this.pieces.push(bytes);
    }
    this.bytes += length;
    return small;
  }

  /** Everything that waits, in order; the queue is empty afterwards. */
  take(): Buffer[] {
    this.seal();
    const taken = this.pieces;
    this.pieces = [];
    this.bytes = 0;
    this.block = null;
    return taken;
  }

  private grow(): void {
    this.seal();
    const size = Math.min(blockMax, Math.max(blockMin, this.bytes));
    this.block = Buffer.allocUnsafeSlow(size);
    this.start = 0;
    this.end = 0;
  }

  private seal(): void {
    if (this.block === null || this.start === this.end) return;
    this.pieces.push(this.block.subarray(this.start, this.end));
    this.start = this.end;
  }
}

/** A stream whose `write` follows the promise of `ByteStream`, given the primitive sends of a tier. */
export abstract class QueuedStream implements ByteStream {
  abstract readonly remoteAddress: string;
  abstract readonly remotePort: number;
  abstract readonly localAddress: string;
  abstract readonly localPort: number;
  abstract readonly encrypted: boolean;
  abstract readonly chunksStay: boolean;
  protected events: StreamEvents | null = null;
  /** Size of the write the kernel has not finished; 0 when none is in flight. */
  protected inFlight = 0;
  /** No byte is sent any more: shut down, failed or destroyed. */
  protected finished = false;
  private queue: OutputQueue | null = null;
  private shutdownWaits = false;

  /** Starts one write. Called only when none is in flight; `sent` must follow `held` and `copied`. */
  protected abstract send(bytes: Buffer): Sent;
  protected abstract sendAll(list: readonly Buffer[]): Sent;
  /** Sends FIN; nothing is in flight. */
  protected abstract sendShutdown(): void;
  abstract attach(events: StreamEvents): void;
  abstract useReadBuffer(buffer: Buffer | null): void;
  abstract pause(): void;
  abstract resume(): void;
  abstract destroy(): void;
  abstract reset(): void;
  abstract peerCertificate(): PeerCertificate | undefined;

  get alpn(): string {
    return '';
  }

  get serverName(): string {
    return '';
  }

  get bufferedBytes(): number {
    if (this.inFlight === 0) return 0;
    return this.inFlightLeft() + (this.queue === null ? 0 : this.queue.bytes);
  }

  write(bytes: Buffer): boolean {
    if (this.finished || bytes.length === 0) return true;
    if (this.inFlight > 0) return this.enqueue(bytes);
    const sent = this.send(bytes);
    if (sent === Sent.done || sent === Sent.failed) return true;
    this.inFlight = bytes.length;
    return sent === Sent.copied;
  }

  writev(list: readonly Buffer[]): boolean {
    if (this.finished) return true;
    if (this.inFlight > 0) {
      let free = true;
      for (const bytes of list) free = (bytes.length === 0 || this.enqueue(bytes)) && free;
      return free;
    }
    const size = sizeOf(list);
    if (size === 0) return true;
    const sent = this.sendAll(list);
    if (sent === Sent.done || sent === Sent.failed) return true;
    this.inFlight = size;
    return sent === Sent.copied;
  }

  shutdown(): void {
    if (this.finished) return;
    this.finished = true;
    if (this.inFlight > 0) this.shutdownWaits = true;
    else this.sendShutdown();
  }

  /** How much of the write in flight is not with the kernel yet; a tier that cannot tell says all. */
  protected inFlightLeft(): number {
    return this.inFlight;
  }

  /** The tier calls it when the write in flight is finished. */
  protected sent(): void {
    this.inFlight = 0;
    if (this.queue !== null && this.queue.bytes > 0) {
      const size = this.queue.bytes;
      const batch = this.queue.take();
      const sent = batch.length === 1 ? this.send(batch[0]!) : this.sendAll(batch);
      if (sent === Sent.failed) return;
      if (sent !== Sent.done) {
        this.inFlight = size;
        return;
      }
    }
    this.queue = null;
    if (this.shutdownWaits) {
      this.shutdownWaits = false;
      this.sendShutdown();
    }
    this.events?.onDrain();
  }

  /** Forgets everything that waits; the tier closes. */
  protected abandon(): void {
    this.finished = true;
    this.shutdownWaits = false;
    this.inFlight = 0;
    this.queue = null;
  }

  private enqueue(bytes: Buffer): boolean {
    this.queue ??= new OutputQueue();
    return this.queue.push(bytes);
  }
}

function sizeOf(list: readonly Buffer[]): number {
  let size = 0;
  for (const bytes of list) size += bytes.length;
  return size;
}
