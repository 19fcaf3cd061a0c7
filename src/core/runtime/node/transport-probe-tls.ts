/**
 * Finds out whether TLS can be read and written past its stream (`transport-tls-handle.ts`).
 *
 * As in `transport-probe.ts`: first Node's own stream works on a TLS wrap and we note how it calls it, then
 * our own code serves a client. That the wrap lets go of written memory at once is held to as well: the memory
 * is overwritten behind each write. Keys are shared beforehand (RFC 4279), so no certificate is needed.
 */
import { once } from 'node:events';
import { connect as connectPlain, createServer as createPlainServer, type Socket } from 'node:net';
import { connect, createServer, type TLSSocket } from 'node:tls';
import type { StreamBinding, WriteRequest } from './transport-handle.ts';
import { tlsHandleOf, tlsStreamOf } from './transport-tls-handle.ts';

const key = Buffer.alloc(32, 1);
const shared = { ciphers: 'PSK', minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const;
const largeBytes = 1 << 20;

const methods = [
  'readStart',
  'readStop',
  'useUserBuffer',
  'writeBuffer',
  'writev',
  'shutdown',
] as const;

/** May hang or throw when Node is not as it was. */
export async function probeTls(binding: StreamBinding): Promise<boolean> {
  return (
    (await withPair((server, client) => watch(server, client, binding))) &&
    (await withPair((server, client) => exchange(server, client, binding)))
  );
}

/** A pair of connected TLS sockets, over an abstract Unix socket (unix(7)). */
async function withPair(
  work: (server: TLSSocket, client: TLSSocket) => Promise<boolean>,
): Promise<boolean> {
  const path = `\0plinth-tls-${process.pid}-${process.hrtime.bigint()}`;
  const tls = createServer({ ...shared, allowHalfOpen: true, pskCallback: () => key });
  const plain = createPlainServer({ allowHalfOpen: true }, (socket) => {
    tls.emit('connection', socket);
  });
  const sockets: Socket[] = [];
  try {
    const secure = new Promise<boolean>((resolve, reject) => {
      tls.once('tlsClientError', reject);
      tls.once('secureConnection', (socket: TLSSocket) => {
        sockets.push(socket);
        socket.on('error', () => {});
        work(socket, client).then(resolve, reject);
      });
    });
    plain.listen({ path });
    await once(plain, 'listening');
    const client = connect({
      ...shared,
      socket: connectPlain({ path, allowHalfOpen: true }),
      pskCallback: () => ({ psk: key, identity: 'probe' }),
      checkServerIdentity: () => undefined,
    });
    sockets.push(client);
    client.on('error', () => {});
    return await secure;
  } finally {
    for (const socket of sockets) socket.destroy();
    plain.close();
  }
}

type Calls = Partial<Record<(typeof methods)[number], { given: unknown[]; returned: unknown }>>;

async function watch(
  server: TLSSocket,
  client: TLSSocket,
  binding: StreamBinding,
): Promise<boolean> {
  const handle = tlsHandleOf(server);
  if (handle === null || 'owner' in handle || !('onread' in handle)) return false;
  if (methods.some((name) => typeof handle[name] !== 'function')) return false;
  const calls: Calls = {};
  const target = handle as unknown as Record<string, (...given: unknown[]) => unknown>;
  for (const name of methods) {
    const real = target[name]!;
    target[name] = function noted(...given: unknown[]): unknown {
      const returned = real.apply(this, given);
      calls[name] = { given, returned };
      return returned;
    };
  }
  client.write('ping');
  const [asked] = (await once(server, 'data')) as [Buffer];
  const readState = binding.streamBaseState[0];
  await new Promise<void>((resolve) => server.write(Buffer.from('one'), () => resolve()));
  server.cork();
  server.write(Buffer.from('two'));
  server.write(Buffer.from('six'));
  server.uncork();
  server.end();
  let text = '';
  for await (const chunk of client) text += String(chunk);
  const { writeBuffer, writev, shutdown } = calls;
  return (
    String(asked) === 'ping' &&
    readState === 4 &&
    text === 'onetwosix' &&
    writeBuffer?.given[0] === null &&
    Buffer.isBuffer(writeBuffer.given[1]) &&
    isRequest(writeBuffer.returned) &&
    writev?.given[0] === null &&
    writev.given[2] === true &&
    isRequest(writev.returned) &&
    shutdown?.given[0] instanceof binding.ShutdownWrap
  );
}

/** A write in flight: Node follows it by these. */
function isRequest(returned: unknown): boolean {
  const request = returned as Partial<WriteRequest> | null;
  return (
    typeof request === 'object' &&
    request !== null &&
    typeof request.oncomplete === 'function' &&
    request.writeStatus === null
  );
}

/** Our own code answers with more than the kernel takes, half-closes and sees the end. */
async function exchange(
  server: TLSSocket,
  client: TLSSocket,
  binding: StreamBinding,
): Promise<boolean> {
  const stream = tlsStreamOf(server, binding);
  const closed = Promise.withResolvers<string | null>();
  let free = false;
  let drained = false;
  stream.attach({
    onData() {
      const large = Buffer.alloc(largeBytes, 7);
      free = stream.write(large) && stream.bufferedBytes > 0;
      large.fill(0);
      const small = [Buffer.from('end'), Buffer.from('.')];
      free &&= stream.writev(small);
      for (const piece of small) piece.fill(0);
      stream.shutdown();
    },
    onDrain() {
      drained = true;
    },
    onEnd() {},
    onClosed: closed.resolve,
  });
  client.write('go');
  const chunks: Buffer[] = [];
  for await (const chunk of client) chunks.push(chunk as Buffer);
  client.end();
  const error = await closed.promise;
  const received = Buffer.concat(chunks);
  return (
    free &&
    drained &&
    error === null &&
    received.length === largeBytes + 4 &&
    received.subarray(0, largeBytes).every((byte) => byte === 7) &&
    received.toString('latin1', largeBytes) === 'end.'
  );
}
