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
 *   useUserBuffer(bytes)          reads land there, `onread` is called with no argument
 *   writeBuffer(null, bytes)      0: all sent; a number: error; an object: a write in flight
 *   writev(null, list, true)      the same for many
 *   streamBaseState[0]            bytes read, or the error
 */
import { getSystemErrorName } from 'node:util';
import type { PeerCertificate, StreamEvents } from '../transport.ts';
import { QueuedStream, Sent } from './transport-output.ts';
import { readBuffer, viewOf } from './transport-read-buffer.ts';

const readBytesOrError = 0;
const lastWriteError = 4;
const endOfFile = -4095;
const notConnected = -107;

interface WriteRequest {
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

interface PeerName {
  address?: string;
  port?: number;
}

/** What is used of a TCP or pipe handle. */
export interface KernelHandle {
  owner: HandleStream | undefined;
  onread: (this: KernelHandle) => void;
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

function onRead(this: KernelHandle): void {
  this.owner!.received(state[readBytesOrError]!);
}

function onWriteDone(this: WriteRequest, status: number): void {
  this.stream.written(status);
}

/** One accepted TCP or Unix socket. */
export class HandleStream extends QueuedStream {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;
  readonly encrypted = false;
  private readonly handle: KernelHandle;
  private error: string | null = null;
  private closing = false;
  private readEnded = false;
  private writeEnded = false;

  /** `local` is the listener's port, or its path, which then names the peer too. */
  constructor(handle: KernelHandle, native: StreamBinding, local: number | string) {
    super();
    binding = native;
    state = native.streamBaseState;
    this.handle = handle;
    handle.owner = this;
    const name: PeerName = {};
    handle.getpeername?.(name);
    this.remoteAddress = name.address ?? (typeof local === 'string' ? local : '');
    this.remotePort = name.port ?? 0;
    this.localPort = typeof local === 'number' ? local : 0;
  }

  /** Asked of the kernel each time: it is needed too seldom to be kept for every connection. */
  get localAddress(): string {
    const name: PeerName = {};
    if (!this.closing) this.handle.getsockname?.(name);
    return name.address ?? '';
  }

  attach(events: StreamEvents): void {
    this.events = events;
    if (this.closing) return;
    this.handle.onread = onRead;
    this.handle.useUserBuffer(readBuffer);
    this.resume();
  }

  pause(): void {
    if (!this.closing) this.handle.readStop();
  }

  resume(): void {
    if (this.closing || this.readEnded) return;
    const status = this.handle.readStart();
    if (status < 0) this.fail(status);
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

  /** From the kernel: `result` bytes are in the read buffer, or an error. */
  received(result: number): void {
    if (this.closing) return;
    if (result > 0) this.events!.onData(viewOf(result));
    else if (result === endOfFile) this.peerEnded();
    else if (result < 0) this.fail(result);
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

  private peerEnded(): void {
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

  private fail(status: number): void {
    this.error ??= getSystemErrorName(status);
    this.destroy();
  }

  private closed(): void {
    this.handle.owner = undefined;
    this.events?.onClosed(this.error);
  }
}
