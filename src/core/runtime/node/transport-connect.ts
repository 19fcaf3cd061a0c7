/**
 * Connecting a kernel handle without `net.Socket`, for the tier 'handle'.
 *
 * Why: a dialled stream is half of every proxied request, so it gets the same tier as an accepted one; to
 * make a `net.Socket` only to take its handle away would leave the socket reachable from the handle.
 *
 * As `transport-handle.ts` this knows what Node does not document, and `transport-probe.ts` watches Node do
 * the same before any of it is called:
 *   new TCP(constants.SOCKET), new Pipe(constants.SOCKET)
 *   connect(request, address, port), connect6(...), of a pipe connect(request, path): 0, or an error
 *   request.oncomplete(status) comes once, later, after `close` too
 */
import { isIPv6 } from 'node:net';
import type { ListenAddress } from '../transport.ts';
import type { KernelHandle } from './transport-handle.ts';

export interface ConnectRequest {
  oncomplete(status: number): void;
}

export interface ConnectHandle extends KernelHandle {
  connect(request: ConnectRequest, address: string, port?: number): number;
  connect6?(request: ConnectRequest, address: string, port: number): number;
}

export interface ConnectBinding {
  readonly TCP: new (kind: number) => ConnectHandle;
  readonly TCPConnectWrap: new () => ConnectRequest;
  readonly tcpKind: number;
  readonly Pipe: new (kind: number) => ConnectHandle;
  readonly PipeConnectWrap: new () => ConnectRequest;
  readonly pipeKind: number;
}

interface BindingHost {
  binding?(name: string): unknown;
}

interface TcpWrap {
  readonly TCP: ConnectBinding['TCP'];
  readonly TCPConnectWrap: ConnectBinding['TCPConnectWrap'];
  readonly constants: { readonly SOCKET: number };
}

interface PipeWrap {
  readonly Pipe: ConnectBinding['Pipe'];
  readonly PipeConnectWrap: ConnectBinding['PipeConnectWrap'];
  readonly constants: { readonly SOCKET: number };
}

/** The binding, or undefined when this Node does not give it away. */
export function connectBinding(): ConnectBinding | undefined {
  const host: BindingHost = process as unknown as BindingHost;
  try {
    const tcp = host.binding?.('tcp_wrap') as TcpWrap;
    const pipe = host.binding?.('pipe_wrap') as PipeWrap;
    const { TCP, TCPConnectWrap } = tcp;
    const { Pipe, PipeConnectWrap } = pipe;
    const tcpKind = tcp.constants.SOCKET;
    const pipeKind = pipe.constants.SOCKET;
    const classes = [TCP, TCPConnectWrap, Pipe, PipeConnectWrap];
    if (classes.some((one) => typeof one !== 'function')) return undefined;
    if (!Number.isInteger(tcpKind) || !Number.isInteger(pipeKind)) return undefined;
    return { TCP, TCPConnectWrap, tcpKind, Pipe, PipeConnectWrap, pipeKind };
  } catch {
    return undefined; // removed or forbidden: an ordinary outcome, the next tier serves
  }
}

/**
 * Connects to an IP address or a path.
 * @param done gets the handle, or the negative error number; once, never inside this call, not after `cancel`.
 * @returns cancel
 */
export function connectHandle(
  native: ConnectBinding,
  address: ListenAddress,
  done: (status: number, handle: KernelHandle) => void,
): () => void {
  const path = 'path' in address;
  const handle = path ? new native.Pipe(native.pipeKind) : new native.TCP(native.tcpKind);
  const request = path ? new native.PipeConnectWrap() : new native.TCPConnectWrap();
  let over = false;
  const finish = (status: number): void => {
    if (over) return;
    over = true;
    if (status < 0) handle.close(noop);
    done(status, handle);
  };
  request.oncomplete = finish;
  const status = begin(handle, request, address);
  if (status !== 0) process.nextTick(finish, status);
  return () => {
    if (over) return;
    over = true;
    handle.close(noop);
  };
}

function begin(handle: ConnectHandle, request: ConnectRequest, address: ListenAddress): number {
  if ('path' in address) return handle.connect(request, address.path);
  const { host, port } = address;
  return isIPv6(host) ? handle.connect6!(request, host, port) : handle.connect(request, host, port);
}

function noop(): void {}
