/**
 * A connection of the load generator: the kernel handle itself where Node gives it away, as the server has
 * it, so that a request costs here what the system calls cost.
 */
import { connect } from 'node:net';
import {
  HandleStream,
  type KernelHandle,
  streamBinding,
} from '../../src/core/runtime/node/transport-handle.ts';
import { SocketStream } from '../../src/core/runtime/node/transport-socket.ts';
import type { ByteStream } from '../../src/core/runtime/transport.ts';

const CONNECT_MS_MAX = 10_000;
const binding = streamBinding();

export function openWire(port: number): Promise<ByteStream> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    // Nothing may be read before the stream below is there.
    socket.pause();
    socket.setTimeout(CONNECT_MS_MAX, () => socket.destroy(new Error('no connection in time')));
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.setTimeout(0);
      socket.off('error', reject);
      const { _handle } = socket as unknown as { _handle: KernelHandle };
      if (binding === undefined) resolve(new SocketStream(socket, ''));
      else resolve(new HandleStream(_handle, binding, port));
    });
  });
}
