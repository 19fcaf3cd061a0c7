/**
 * Dialling on the tier chosen at start.
 *
 *     look up ──▶ connect to each address in turn ──▶ (preface, handshake) ──▶ onConnected
 *
 * Plain streams to an address without a choice of our own end go over the kernel handle when the tier
 * does; all others are a `net.Socket`, TLS a `tls.TLSSocket` over it. One timer bounds all of it.
 */
import { lookup } from 'node:dns';
import { connect, isIP, type Socket } from 'node:net';
import { getSystemErrorName } from 'node:util';
import type { DialErrorCode } from '../dial-error.ts';
import { errorCode } from '../disk.ts';
import type { DialEvents, Dialling, DialOptions, Network } from '../network.ts';
import type { ByteStream, ListenAddress, TransportTier } from '../transport.ts';
import { detailOf, dialErrorCode } from './dial-errors.ts';
import { addressName } from './transport-bind.ts';
import { type ConnectBinding, connectHandle } from './transport-connect.ts';
import { HandleStream, type StreamBinding } from './transport-handle.ts';
import { OnreadStream, SocketStream } from './transport-socket.ts';
import { startTls } from './transport-tls-client.ts';
import { tlsStreamOf } from './transport-tls-handle.ts';

/** A name with many addresses: each but the last gets a share of the time, this at least, milliseconds. */
const shareMinMs = 250;

/** What the tier 'handle' needs to dial. */
export interface DialNative {
  readonly stream: StreamBinding;
  readonly connect: ConnectBinding;
}

/** Without `dialNative` dialled streams are sockets, whatever the tier. */
export interface DialTier {
  readonly tier: TransportTier;
  readonly dialNative: DialNative | undefined;
  readonly tlsNative: StreamBinding | undefined;
}

export function dialOn(tier: DialTier): Network['dial'] {
  return (options, events) => new Attempt(tier, options, events);
}

type Failure = (code: DialErrorCode, detail: string) => void;

class Attempt implements Dialling {
  private readonly tier: DialTier;
  private readonly options: DialOptions;
  private readonly events: DialEvents;
  private readonly deadline: NodeJS.Timeout;
  private readonly deadlineMs: number;
  private share: NodeJS.Timeout | undefined;
  /** Ends what is under way. */
  private abort: () => void = () => {};
  private over = false;

  constructor(tier: DialTier, options: DialOptions, events: DialEvents) {
    const { address, timeoutMs } = options;
    this.tier = tier;
    this.options = options;
    this.events = events;
    this.deadlineMs = performance.now() + timeoutMs;
    this.deadline = setTimeout(() => this.timedOut(), timeoutMs);
    if ('path' in address) this.tryAll([address], 0);
    else if (!(Number.isInteger(address.port) && address.port >= 0 && address.port <= 65_535)) {
      process.nextTick(() => this.fail('socket-failed', `${address.port} is no port`));
    } else if (isIP(address.host) !== 0) this.tryAll([address], 0);
    else this.lookUp(address.host, address.port);
  }

  cancel(): void {
    if (!this.finish()) return;
    this.abort();
  }

  private lookUp(host: string, port: number): void {
    lookup(host, { all: true }, (error, found) => {
      if (this.over) return;
      if (error !== null) {
        const known = errorCode(error) === 'ENOTFOUND';
        this.fail(known ? 'name-unknown' : 'name-failed', detailOf(error));
      } else {
        this.tryAll(
          found.map((one) => ({ host: one.address, port })),
          0,
        );
      }
    });
  }

  /** Tries the address at `index` and then those behind it. */
  private tryAll(addresses: readonly ListenAddress[], index: number): void {
    const next = (code: DialErrorCode, detail: string): void => {
      clearTimeout(this.share);
      if (this.over) return;
      if (index + 1 < addresses.length) this.tryAll(addresses, index + 1);
      else this.fail(code, detail);
    };
    const left = addresses.length - index;
    if (left > 1) {
      const remainingMs = this.deadlineMs - performance.now();
      const shareMs = Math.max(shareMinMs, remainingMs / left);
      this.share = setTimeout(() => {
        this.abort();
        next('timeout', 'ETIMEDOUT');
      }, shareMs);
    }
    this.connectTo(addresses[index]!, next);
  }

  private connectTo(address: ListenAddress, failed: Failure): void {
    const { options } = this;
    const native = this.tier.dialNative;
    const plain = options.tls === undefined && options.localAddress === undefined;
    if (native !== undefined && plain) this.connectHandle(native, address, failed);
    else this.connectSocket(address, failed);
  }

  private connectHandle(native: DialNative, address: ListenAddress, failed: Failure): void {
    this.abort = connectHandle(native.connect, address, (status, handle) => {
      if (status < 0) {
        const name = getSystemErrorName(status);
        failed(dialErrorCode(name), name);
        return;
      }
      handle.setNoDelay?.(true);
      const seconds = Math.trunc((this.options.keepAliveMs ?? 0) / 1000);
      if (seconds > 0) handle.setKeepAlive?.(true, seconds);
      this.connected(new HandleStream(handle, native.stream, 'path' in address ? address.path : 0));
    });
  }

  private connectSocket(address: ListenAddress, failed: Failure): void {
    const { localAddress, tls, keepAliveMs = 0 } = this.options;
    const path = 'path' in address ? address.path : '';
    const options = {
      ...address,
      ...(localAddress === undefined ? {} : { localAddress }),
      // Half-close: the peer may end its side and still read what we have to say.
      allowHalfOpen: true,
      noDelay: true,
    };
    let socket: Socket;
    let wrap: () => ByteStream;
    if (tls === undefined && this.tier.tier !== 'streams') {
      const opened = OnreadStream.open((onread) => connect({ ...options, onread }));
      ({ socket } = opened);
      socket.pause(); // else it reads before `attach`
      wrap = () => opened.stream(path);
    } else {
      socket = connect(options);
      wrap = () => new SocketStream(socket, path);
    }
    const refused = (error: Error): void => {
      socket.destroy();
      const code = errorCode(error);
      const ours = localAddress !== undefined && /^(EADDRNOTAVAIL|EADDRINUSE|EINVAL)$/.test(code);
      failed(ours ? 'local-address' : dialErrorCode(code), code);
    };
    this.abort = () => {
      socket.off('error', refused);
      socket.on('error', () => {});
      socket.destroy();
    };
    socket.once('error', refused);
    socket.once('connect', () => {
      socket.off('error', refused);
      if (keepAliveMs > 0) socket.setKeepAlive(true, keepAliveMs);
      if (tls === undefined) this.connected(wrap());
      else this.handshake(socket);
    });
  }

  /** The other addresses are not tried any more: they are the same server. */
  private handshake(socket: Socket): void {
    clearTimeout(this.share);
    const { address, tls, preface } = this.options;
    if (preface !== undefined && preface.length > 0) socket.write(preface);
    this.abort = startTls(socket, tls!, address, {
      onSecure: (secure) => this.connected(tlsStreamOf(secure, this.tier.tlsNative)),
      onFailed: (code, detail) => this.fail(code, detail),
    });
  }

  private connected(stream: ByteStream): void {
    if (this.finish()) this.events.onConnected(stream);
    else stream.destroy();
  }

  private fail(code: DialErrorCode, detail: string): void {
    if (this.finish()) this.events.onFailed(code, detail);
  }

  private timedOut(): void {
    if (!this.finish()) return;
    this.abort();
    const { address, timeoutMs } = this.options;
    this.events.onFailed(
      'timeout',
      `${addressName(address)} did not answer within ${timeoutMs} ms`,
    );
  }

  /** @returns false when it was over before. */
  private finish(): boolean {
    if (this.over) return false;
    this.over = true;
    clearTimeout(this.deadline);
    clearTimeout(this.share);
    return true;
  }
}
