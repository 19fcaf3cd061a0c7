/**
 * UDP over `node:dgram`.
 */
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { DatagramOptions, DatagramSocket } from '../datagram.ts';
import { errorCode } from '../disk.ts';
import { ListenError } from '../transport.ts';
import { addressName, listenErrorCode } from './transport-bind.ts';

/** @throws ListenError */
export async function bindUdp(options: DatagramOptions): Promise<DatagramSocket> {
  const { address } = options;
  const family = isIPv6(address.host) ? 6 : 4;
  const socket = createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    // Addresses are IP addresses here, so there is nothing to look up, nor to wait for.
    lookup: (host, _options, done) => done(null, host, family),
    ...(options.receiveBufferBytes === undefined
      ? {}
      : { recvBufferSize: options.receiveBufferBytes }),
    ...(options.sendBufferBytes === undefined ? {} : { sendBufferSize: options.sendBufferBytes }),
  });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind({ address: address.host, port: address.port, exclusive: true }, () => {
        socket.off('error', reject);
        resolve();
      });
    });
    if (options.peer !== undefined) await connectTo(socket, options.peer);
  } catch (error) {
    socket.close();
    const code = options.peer === undefined ? listenErrorCode(errorCode(error)) : 'bad-address';
    throw new ListenError(code, addressName(address), error);
  }
  return new NodeDatagramSocket(socket, options);
}

function connectTo(socket: Socket, peer: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    // Documented as called with an error, though typed without one.
    const connected = (error?: Error): void => {
      socket.off('error', reject);
      if (error) reject(error);
      else resolve();
    };
    socket.connect(peer.port, peer.host, connected);
  });
}

class NodeDatagramSocket implements DatagramSocket {
  readonly address: string;
  readonly port: number;
  dropped = 0;
  waitingCount = 0;
  waitingBytes = 0;
  private readonly socket: Socket;
  private readonly options: DatagramOptions;
  private closing: Promise<void> | null = null;

  constructor(socket: Socket, options: DatagramOptions) {
    const { address, port } = socket.address();
    this.address = address;
    this.port = port;
    this.socket = socket;
    this.options = options;
    socket.on('message', (bytes, from) => options.onMessage(bytes, from.address, from.port));
    socket.on('error', (error) => options.onError(errorCode(error)));
  }

  send(bytes: Buffer, address?: string, port?: number): boolean {
    const { options } = this;
    const full =
      this.waitingCount >= options.waitingCountMax ||
      this.waitingBytes + bytes.length > options.waitingBytesMax;
    if (full || this.closing !== null) {
      this.dropped++;
      return false;
    }
    this.waitingCount++;
    this.waitingBytes += bytes.length;
    const sent = (error: Error | null): void => {
      this.waitingCount--;
      this.waitingBytes -= bytes.length;
      if (error === null) return;
      this.dropped++;
      if (this.closing === null) options.onError(errorCode(error));
    };
    if (port === undefined) this.socket.send(bytes, sent);
    else this.socket.send(bytes, port, address, sent);
    return true;
  }

  close(): Promise<void> {
    this.closing ??= new Promise((resolve) => {
      this.socket.removeAllListeners('message');
      this.socket.removeAllListeners('error');
      this.socket.on('error', () => {});
      this.socket.close(() => resolve());
    });
    return this.closing;
  }
}
