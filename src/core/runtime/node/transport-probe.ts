/**
 * Finds the fastest tier that this Node can carry.
 *
 * Two steps. First we only watch: a real `net.Socket` over an accepted handle reads, writes and ends
 * while we note how Node itself calls the handle; calling it otherwise could abort the process, so
 * nothing undocumented is called before Node was seen to call it that way. Then the tier's own code
 * exchanges bytes, a write larger than the kernel's buffers among them. Anything unexpected, or
 * silence for a second, chooses the next slower tier; 'streams' needs no proof. That the handle can also
 * dial is found out apart (`transport-probe-dial.ts`): without it dialled streams are sockets.
 */
import { connect, createServer, type Server, Socket } from 'node:net';
import type { TransportTier } from '../transport.ts';
import type { ConnectBinding } from './transport-connect.ts';
import { type KernelHandle, type StreamBinding, streamBinding } from './transport-handle.ts';
import { listenOn, type ServerInside } from './transport-listen.ts';
import { probeDial } from './transport-probe-dial.ts';

export interface Probed {
  readonly tier: TransportTier;
  readonly binding: StreamBinding | undefined;
  /** What the tier 'handle' dials with, if it can. */
  readonly connect?: ConnectBinding | undefined;
}

const patienceMs = 1000;
const methods = [
  'readStart',
  'readStop',
  'useUserBuffer',
  'writeBuffer',
  'writev',
  'shutdown',
] as const;

/** The last call of each method. */
type Calls = Partial<Record<(typeof methods)[number], { given: unknown[]; returned: unknown }>>;

/** @returns the fastest tier that worked. Never throws, takes some milliseconds. */
export async function probe(): Promise<Probed> {
  const binding = streamBinding();
  const seen = await within(watch(binding), 'streams');
  if (seen !== 'handle' || binding === undefined) {
    return { tier: seen === 'streams' ? 'streams' : 'onread', binding: undefined };
  }
  const works = await within(exchange(binding), false);
  if (!works) return { tier: 'onread', binding: undefined };
  return { tier: 'handle', binding, connect: await within(probeDial(binding), undefined) };
}

/** Watches one `net.Socket` with a user buffer and says which tier its conduct allows. */
async function watch(binding: StreamBinding | undefined): Promise<TransportTier> {
  const { server, handle, client } = await acceptedHandle();
  const buffer = Buffer.alloc(64);
  const calls: Calls = {};
  try {
    if (methods.some((name) => typeof handle[name] !== 'function')) return 'streams';
    for (const name of methods) spy(handle, name, calls);
    let readState = 0;
    const options: object = {
      handle,
      allowHalfOpen: true,
      onread: {
        buffer,
        callback: (length: number) => {
          readState = binding?.streamBaseState[0] === length ? length : 0;
          socket.write(Buffer.from('one'));
          socket.cork();
          socket.write(Buffer.from('two'));
          socket.write(Buffer.from('six'));
          socket.uncork();
          socket.end();
          return true;
        },
      },
    };
    const socket = new Socket(options);
    client.end('ping');
    const answer = await textOf(client);
    if (answer !== 'onetwosix' || buffer.toString('latin1', 0, 4) !== 'ping') return 'streams';
    return readState === 4 && calledAsExpected(calls, buffer, binding) ? 'handle' : 'onread';
  } finally {
    client.destroy();
    server.close();
  }
}

function calledAsExpected(
  { useUserBuffer, writeBuffer, writev, shutdown }: Calls,
  buffer: Buffer,
  binding: StreamBinding | undefined,
): boolean {
  return (
    process.platform === 'linux' && // the error numbers and the exchange below are Linux's
    useUserBuffer?.given[0] === buffer &&
    writeBuffer?.given[0] === null &&
    Buffer.isBuffer(writeBuffer.given[1]) &&
    writeBuffer.returned === 0 &&
    writev?.given[0] === null &&
    writev.given[2] === true &&
    writev.returned === 0 &&
    binding !== undefined &&
    shutdown?.given[0] instanceof binding.ShutdownWrap
  );
}

/** The tier's own code serves one client: a reply too large for the kernel, half-close, end. */
async function exchange(binding: StreamBinding): Promise<boolean> {
  const large = Buffer.alloc(1 << 20, 7);
  let held = false;
  let drained = false;
  let ended = false;
  // An abstract Unix socket (unix(7)): no file to clean up, and its buffers are small.
  const path = `\0plinth-probe-${process.pid}-${process.hrtime.bigint()}`;
  const closed = Promise.withResolvers<string | null>();
  const listener = await listenOn('handle', binding, {
    address: { path },
    backlog: 1,
    keepAliveMs: 0,
    handshakeTimeoutMs: 0,
    admit: () => true,
    onAccept: (stream) =>
      stream.attach({
        onData: () => {
          held = !stream.write(large) && stream.bufferedBytes > 0;
          stream.shutdown();
        },
        onDrain: () => {
          drained = true;
        },
        onEnd: () => {
          ended = true;
        },
        onClosed: closed.resolve,
      }),
    onAcceptError: () => closed.resolve('accept'),
    onHandshakeEnd: () => {},
  });
  const client = connect({ path, allowHalfOpen: true });
  try {
    client.write('go');
    let received = 0;
    for await (const chunk of client) received += (chunk as Buffer).length;
    client.end();
    const error = await closed.promise;
    return held && drained && ended && error === null && received === large.length;
  } finally {
    client.destroy();
    await listener.close();
  }
}

interface Accepted {
  readonly server: Server;
  readonly handle: KernelHandle;
  readonly client: Socket;
}

function acceptedHandle(): Promise<Accepted> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen({ host: '127.0.0.1', port: 0 }, () => {
      const inside = (server as unknown as Partial<ServerInside>)._handle;
      const address = server.address();
      if (inside?.onconnection === undefined || typeof address !== 'object' || address === null) {
        server.close();
        reject(new Error('net.Server has no handle'));
        return;
      }
      inside.onconnection = (_status, handle) => {
        if (handle === undefined) reject(new Error('no handle'));
        else resolve({ server, handle, client });
      };
      const client = connect(address.port, '127.0.0.1');
      client.on('error', reject);
    });
  });
}

/** Notes the last call of a method and what it returned, and passes it on. */
function spy(handle: KernelHandle, name: (typeof methods)[number], calls: Calls): void {
  const target = handle as unknown as Record<string, (...given: unknown[]) => unknown>;
  const real = target[name]!;
  target[name] = function noted(...given: unknown[]): unknown {
    const returned = real.apply(this, given);
    calls[name] = { given, returned };
    return returned;
  };
}

async function textOf(client: Socket): Promise<string> {
  let text = '';
  for await (const chunk of client) text += String(chunk);
  return text;
}

/** What `work` comes to, or `otherwise` when it fails or takes too long. */
export async function within<T>(work: Promise<T>, otherwise: T): Promise<T> {
  const late = Promise.withResolvers<T>();
  const timer = setTimeout(() => late.resolve(otherwise), patienceMs);
  try {
    return await Promise.race([work, late.promise]);
  } catch {
    return otherwise; // what went wrong does not matter: the slower tier serves
  } finally {
    clearTimeout(timer);
  }
}
