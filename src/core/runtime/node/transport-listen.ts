/**
 * One listening socket on any tier. Binding and accepting are `net.Server`'s; the tiers differ in
 * what is made of an accepted connection.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { getSystemErrorName } from 'node:util';
import { errorCode } from '../index.ts';
import {
  type ByteStream,
  ListenError,
  type TransportListener,
  type TransportListenOptions,
  type TransportTier,
} from '../transport.ts';
import { addressName, bind } from './transport-bind.ts';
import { HandleStream, type KernelHandle, type StreamBinding } from './transport-handle.ts';
import { OnreadStream, SocketStream } from './transport-socket.ts';
import { type TlsAcceptor, tlsAcceptor } from './transport-tls.ts';
import { tlsStreamOf } from './transport-tls-handle.ts';

/** The undocumented side of a `net.Server`, checked at start by `transport-probe.ts`. */
export interface ServerInside {
  readonly _handle: { onconnection: (status: number, handle: KernelHandle | undefined) => void };
}

/**
 * @param binding needed by the tier 'handle' only, as `tlsBinding` for TLS.
 * @throws ListenError
 */
export async function listenOn(
  tier: TransportTier,
  binding: StreamBinding | undefined,
  options: TransportListenOptions,
  tlsBinding: () => StreamBinding | undefined = () => undefined,
): Promise<TransportListener> {
  const { address } = options;
  const probes = { keepAliveMs: options.keepAliveMs };
  const asked = addressName(address);
  const path = 'path' in address ? address.path : '';
  let port = 0;
  let tls: TlsAcceptor | undefined;
  if (options.tls !== undefined) {
    if (path !== '') throw new ListenError('tls-invalid', asked, new Error('a path has no TLS'));
    tls = tlsAcceptor(options.tls, asked, options, (socket) =>
      tlsStreamOf(socket, tlsBinding(), port),
    );
  }
  const server = createServer({ allowHalfOpen: true, noDelay: true });
  server.on('connection', (socket: Socket) => {
    if (probes.keepAliveMs > 0) socket.setKeepAlive(true, probes.keepAliveMs);
    if (tls === undefined) options.onAccept(new SocketStream(socket, path));
    else tls.accept(socket);
  });
  port = await bind(server, address, options.backlog);
  server.on('error', (error) => options.onAcceptError(errorCode(error)));
  if (tls === undefined && tier !== 'streams') {
    const local = path === '' ? port : path;
    takeHandles(server, options, probes, (handle) =>
      tier === 'handle' && binding !== undefined
        ? new HandleStream(handle, binding, local)
        : OnreadStream.wrap(handle, path),
    );
  }
  return {
    port,
    name:
      path === '' ? addressName({ ...(address as { host: string; port: number }), port }) : path,
    get handshaking() {
      return tls?.handshaking ?? 0;
    },
    setKeepAlive(ms) {
      probes.keepAliveMs = ms;
    },
    updateTls(next) {
      if (tls === undefined)
        throw new ListenError('tls-invalid', asked, new Error('not a TLS listener'));
      tls.update(next);
    },
    close() {
      tls?.close();
      return stopAccepting(server);
    },
  };
}

/** Takes accepted connections before `net.Server` makes a socket of them. */
function takeHandles(
  server: Server,
  options: TransportListenOptions,
  probes: { readonly keepAliveMs: number },
  wrap: (handle: KernelHandle) => ByteStream,
): void {
  const inside = (server as unknown as ServerInside)._handle;
  inside.onconnection = (status, handle) => {
    if (status !== 0 || handle === undefined) {
      options.onAcceptError(status < 0 ? getSystemErrorName(status) : 'UNKNOWN');
      return;
    }
    handle.setNoDelay?.(true);
    const seconds = Math.trunc(probes.keepAliveMs / 1000);
    if (seconds > 0) handle.setKeepAlive?.(true, seconds);
    options.onAccept(wrap(handle));
  };
}

/** `net.Server.close` also waits for its connections; the address is free long before. */
function stopAccepting(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close();
    setImmediate(resolve);
  });
}
