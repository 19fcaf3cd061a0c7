/**
 * The tier 'handle': the kernel handle that stands behind `net.Socket`, without the stream.
 *
 * Why: about half of the user time of a request and four fifths of the memory of a connection are
 * the two stream state machines we do not use (docs/decisions/0005-transport-tiers.md,
 * bench/transport.ts, bench/transport-idle.ts).
 *
 * The handle is not a documented interface. All knowledge of it is in this file and in
 * `transport-probe.ts`, which watches at start how Node itself calls the handle and turns the tier
 * off when that is not exactly what is written here:
 *   readStart(), readStop()       errors are negative numbers
 *   useUserBuffer(bytes)          reads land there, `onread` is called with no argument; a Buffer that
 *                                 `onread` returns takes the place of the one before. Every call of
 *                                 useUserBuffer keeps some 50 bytes until the handle closes
 *   writeBuffer(null, bytes)      0: all sent; a number: error; an object: a write in flight
 *   writev(null, list, true)      the same for many
 *   streamBaseState[0]            bytes read, or the error
 * How a handle is made and connected is in `transport-connect.ts`.
 */
import { getSystemErrorName } from 'node:util';
import type { PeerCertificate } from '../tls.ts';
import type { StreamEvents } from '../transport.ts';
import { QueuedStream, Sent } from './transport-output.ts';
import { readBuffer, viewOf } from './transport-read-buffer.ts';

const readBytesOrError = 0;
const lastWriteError = 4;
/** UV_EOF */
export const endOfFile = -4095;
const notConnected = -107;
const alreadyReading = -114;

export interface WriteRequest {
  oncomplete(status: number): void;
  handle: KernelHandle;
  stream: HandleStream;
  /** Keeps the memory reachable until the kernel has it. */
  bytes: Buffer | readonly Buffer[];
  writeStatus: number | null;
}

interface ShutdownRequest {
  oncomplete(status: number): void;
  handle: KernelHandle;
}

export interface PeerName {
  address?: string;
  port?: number;
}

/** What is used of a TCP or pipe handle. */
export interface KernelHandle {
  owner: HandleStream | undefined;
  onread: (this: KernelHandle) => Buffer | undefined;
  readonly writeQueueSize: number;
  readStart(): number;
  readStop(): number;
  useUserBuffer(bytes: Buffer): void;
  writeBuffer(request: null, bytes: Buffer): number | WriteRequest;
  writev(request: null, list: readonly Buffer[], allBuffers: true): number | WriteRequest;
  shutdown(request: ShutdownRequest): number;
  close(done: () => void): void;
  reset?(done: () => void): number;
  setNoDelay?(on: boolean): number;
  setKeepAlive?(on: boolean, seconds: number): number;
  getpeername?(out: PeerName): number;
  getsockname?(out: PeerName): number;
}

/** Node's own numbers and request type for stream handles. */
export interface StreamBinding {
  readonly streamBaseState: Int32Array;
  readonly ShutdownWrap: new () => ShutdownRequest;
}

interface BindingHost {
  binding?(name: string): unknown;
}

/** The binding, or undefined when this Node does not give it away. */
export function streamBinding(): StreamBinding | undefined {
  const host: BindingHost = process as unknown as BindingHost;
  try {
    const found = host.binding?.('stream_wrap') as Partial<StreamBinding> | undefined;
    const usable =
      found?.streamBaseState instanceof Int32Array && typeof found.ShutdownWrap === 'function';
    return usable ? (found as StreamBinding) : undefined;
  } catch {
    return undefined; // removed or forbidden: an ordinary outcome, the next tier serves
  }
}

let binding: StreamBinding | undefined;
let state: Int32Array = new Int32Array(0);

/** The stream whose `onData` runs. */
let reading: HandleStream | null = null;

function onRead(this: KernelHandle): Buffer | undefined {
  return this.owner!.received(state[readBytesOrError]!);
}

function onWriteDone(this: WriteRequest, status: number): void {
  this.stream.written(status);
}

/** One TCP or Unix socket. */
export class HandleStream extends QueuedStream {
  readonly remoteAddress: string;
  readonly remotePort: number;
  protected readonly handle: KernelHandle;
  private readonly listenerPort: number;
  /** Where reads land. The kernel has only its address, so it is kept here as long as it may be used. */
  protected landing: Buffer = readBuffer;
  /** Where they are to land: differs from `landing` until a read gives the occasion to say so. */
  private wanted: Buffer = readBuffer;
  protected error: string | null = null;
  protected closing = false;
  private readEnded = false;
  private writeEnded = false;

  /**
   * @param local the port of the listener, or the path, which then names the peer too; of a dialled TCP
   * socket it is not known yet: 0.
   * @param peer asked of the kernel unless it is known.
   */
  constructor(
    handle: KernelHandle,
    native: StreamBinding,
    local: number | string,
    peer: PeerName = peerOf(handle),
  ) {
    super();
    binding = native;
    state = native.streamBaseState;
    this.handle = handle;
    handle.owner = this;
    this.remoteAddress = peer.address ?? (typeof local === 'string' ? local : '');
    this.remotePort = peer.port ?? 0;
    this.listenerPort = typeof local === 'number' ? local : 0;
  }

  get encrypted(): boolean {
    return false;
  }

  get chunksStay(): boolean {
    return this.wanted !== readBuffer;
  }

  get localPort(): number {
    return this.listenerPort > 0 ? this.listenerPort : (this.localName().port ?? 0);
  }

  /** Asked of the kernel each time: it is needed too seldom to be kept for every connection. */
  get localAddress(): string {
    return this.localName().address ?? '';
  }

  attach(events: StreamEvents): void {
    this.events = events;
    if (this.closing) return;
    this.handle.onread = onRead;
    this.landing = this.wanted;
    this.handle.useUserBuffer(this.landing);
    this.resume();
  }

  useReadBuffer(buffer: Buffer | null): void {
    if (buffer !== null && buffer.length === 0) throw new RangeError('a read buffer has no byte');
    this.wanted = buffer ?? readBuffer;
    // Outside a read the buffer before this one is the caller's again: no read may land there any more.
    const mustLeave = this.landing !== readBuffer && this.landing !== this.wanted;
    if (!mustLeave || reading === this || this.closing) return;
    this.landing = this.wanted;
    this.handle.useUserBuffer(this.landing);
  }

  pause(): void {
    if (!this.closing) this.handle.readStop();
  }

  resume(): void {
    if (this.closing || this.readEnded) return;
    const status = this.handle.readStart();
    if (status < 0 && status !== alreadyReading) this.fail(status);
  }

  destroy(): void {
    if (this.closing) return;
    this.closing = true;
    this.abandon();
    this.handle.close(() => this.closed());
  }

  reset(): void {
    if (this.closing) return;
    // uv_tcp_close_reset refuses after a shutdown; a plain close is what is left then.
    if (this.handle.reset !== undefined && !this.finished) {
      this.closing = true;
      this.abandon();
      if (this.handle.reset(() => this.closed()) === 0) return;
      this.closing = false;
    }
    this.destroy();
  }

  peerCertificate(): PeerCertificate | undefined {
    return undefined;
  }

  /**
   * From the kernel: `result` bytes are where reads land, or an error.
   * @returns where the next read is to land, if not where this one did.
   */
  received(result: number): Buffer | undefined {
    if (this.closing) return undefined;
    if (result > 0) {
      reading = this;
      this.events!.onData(this.arrived(result));
      reading = null;
      return this.landAt(this.wanted);
    }
    if (result === endOfFile) this.peerEnded();
    else if (result < 0) this.fail(result);
    return undefined;
  }

  /** Where the next read lands. @returns it, if it is not where this one did. */
  protected landAt(next: Buffer): Buffer | undefined {
    if (next === this.landing) return undefined;
    this.landing = next;
    return next;
  }

  /** The bytes of a read, in the buffer that was asked for. */
  protected arrived(length: number): Buffer {
    const { landing, wanted } = this;
    if (landing === wanted)
      return landing === readBuffer ? viewOf(length) : landing.subarray(0, length);
    // Asked for since the read before this one.
    if (length > wanted.length) return Buffer.from(landing.subarray(0, length));
    landing.copy(wanted, 0, 0, length);
    return wanted.subarray(0, length);
  }

  /** From the kernel: the write in flight is over. */
  written(status: number): void {
    if (this.closing) return;
    if (status < 0) this.fail(status);
    else this.sent();
  }

  protected send(bytes: Buffer): Sent {
    const result = this.handle.writeBuffer(null, bytes);
    return result === 0 ? Sent.done : this.follow(result, bytes);
  }

  protected sendAll(list: readonly Buffer[]): Sent {
    const pieces = list.slice(); // the caller may reuse its list
    const result = this.handle.writev(null, pieces, true);
    return result === 0 ? Sent.done : this.follow(result, pieces);
  }

  protected override inFlightLeft(): number {
    return Math.max(1, this.handle.writeQueueSize);
  }

  protected sendShutdown(): void {
    const request = new binding!.ShutdownWrap();
    request.handle = this.handle;
    request.oncomplete = () => this.shutdownDone();
    const status = this.handle.shutdown(request);
    if (status === 1 || status === notConnected) this.shutdownDone();
    else if (status < 0) this.fail(status);
  }

  private localName(): PeerName {
    const name: PeerName = {};
    if (!this.closing) this.handle.getsockname?.(name);
    return name;
  }

  /** A write that was not done at once: an error, or a request that will call back. */
  private follow(result: number | WriteRequest, bytes: Buffer | readonly Buffer[]): Sent {
    const status = typeof result === 'number' ? result : state[lastWriteError]!;
    if (status !== 0 || typeof result === 'number') {
      this.fail(status);
      return Sent.failed;
    }
    if (result.writeStatus !== null) {
      const early = result.writeStatus;
      result.writeStatus = null;
      if (early === 0) return Sent.done;
      this.fail(early);
      return Sent.failed;
    }
    result.handle = this.handle;
    result.stream = this;
    result.bytes = bytes;
    result.oncomplete = onWriteDone;
    return Sent.held;
  }

  protected peerEnded(): void {
    this.readEnded = true;
    this.handle.readStop();
    this.events!.onEnd();
    this.closeWhenBothEnded();
  }

  private shutdownDone(): void {
    this.writeEnded = true;
    this.closeWhenBothEnded();
  }

  private closeWhenBothEnded(): void {
    if (this.readEnded && this.writeEnded) this.destroy();
  }

  protected fail(status: number): void {
    this.error ??= getSystemErrorName(status);
    this.destroy();
  }

  protected closed(): void {
    this.handle.owner = undefined;
    this.events?.onClosed(this.error);
  }
}

function peerOf(handle: KernelHandle): PeerName {
  const name: PeerName = {};
  handle.getpeername?.(name);
  return name;
}
