/**
 * Finds out whether the tier 'handle' can dial: watches how Node connects a socket, then dials itself.
 *
 * As in `transport-probe.ts` nothing undocumented is called before Node was seen to call it that way.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { ListenAddress } from '../transport.ts';
import {
  type ConnectBinding,
  type ConnectHandle,
  type ConnectRequest,
  connectBinding,
  connectHandle,
} from './transport-connect.ts';
import { HandleStream, type StreamBinding } from './transport-handle.ts';

interface SocketInside {
  readonly _handle?: ConnectHandle | null;
}

/** @returns what to dial with, or undefined. May hang or throw when Node is not as it was. */
export async function probeDial(stream: StreamBinding): Promise<ConnectBinding | undefined> {
  const native = connectBinding();
  if (native === undefined) return undefined;
  const servers: Server[] = [];
  try {
    for (const address of await serversOf(servers)) {
      if (!(await connectsAsExpected(native, address))) return undefined;
      if (!(await echoes(native, stream, address))) return undefined;
    }
    return native;
  } finally {
    for (const server of servers) server.close();
  }
}

/** Listens on TCP and on an abstract Unix socket (unix(7)), and sends back what comes. */
async function serversOf(servers: Server[]): Promise<ListenAddress[]> {
  const path = `\0plinth-dial-${process.pid}-${process.hrtime.bigint()}`;
  const addresses: ListenAddress[] = [];
  for (const wanted of [{ host: '127.0.0.1', port: 0 }, { path }]) {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.pipe(socket);
    });
    servers.push(server);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(wanted, resolve);
    });
    const bound = server.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
    addresses.push('path' in wanted ? wanted : { ...wanted, port });
  }
  return addresses;
}

/** Watches one `net.Socket` connect. */
async function connectsAsExpected(
  native: ConnectBinding,
  address: ListenAddress,
): Promise<boolean> {
  const path = 'path' in address;
  const kind = path ? native.Pipe : native.TCP;
  const inherited = kind.prototype as ConnectHandle;
  const real = inherited.connect;
  if (typeof real !== 'function') return false;
  if (!path && typeof inherited.connect6 !== 'function') return false;
  let asExpected = false;
  const noted = function (this: ConnectHandle, ...given: [ConnectRequest, string, number?]) {
    const [request, where, port] = given;
    let told = false;
    const oncomplete = request.oncomplete;
    request.oncomplete = function completed(...outcome: [number]): void {
      told = true;
      asExpected &&= outcome[0] === 0;
      oncomplete.apply(this, outcome);
    };
    const returned = real.apply(this, given);
    asExpected =
      this instanceof kind &&
      request instanceof (path ? native.PipeConnectWrap : native.TCPConnectWrap) &&
      (path ? where === address.path && given.length === 2 : where === address.host) &&
      (path || port === address.port) &&
      returned === 0 &&
      !told; // never inside the call
    return returned;
  };
  // A pipe connects inside `connect`, a TCP handle in a later turn.
  inherited.connect = noted;
  let socket: Socket;
  try {
    socket = connect(address);
  } finally {
    inherited.connect = real;
  }
  try {
    const handle = (socket as unknown as SocketInside)._handle;
    if (handle && !path) handle.connect = noted;
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.once('connect', resolve);
    });
    return asExpected;
  } finally {
    socket.on('error', () => {});
    socket.destroy();
  }
}

/** Our own code dials, sends and reads back, half-closes and sees the end. */
function echoes(
  native: ConnectBinding,
  stream: StreamBinding,
  address: ListenAddress,
): Promise<boolean> {
  return new Promise((resolve) => {
    connectHandle(native, address, (status, handle) => {
      if (status !== 0) {
        resolve(false);
        return;
      }
      let text = '';
      const dialled = new HandleStream(handle, stream, 'path' in address ? address.path : 0);
      dialled.attach({
        onData(chunk) {
          text += chunk.toString('latin1');
          if (text === 'ping') dialled.shutdown();
        },
        onDrain() {},
        onEnd() {},
        onClosed: (error) => resolve(error === null && text === 'ping'),
      });
      dialled.write(Buffer.from('ping'));
    });
  });
}
