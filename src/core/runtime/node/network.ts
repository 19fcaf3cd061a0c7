/**
 * Listening by the transport chosen at start, dialling over `net.Socket`.
 */
import { connect, type Socket } from 'node:net';
import type { DialOptions, Network } from '../network.ts';
import type { ByteStream, Transport } from '../transport.ts';
import { addressName } from './transport-bind.ts';
import { SocketStream } from './transport-socket.ts';

export function createNodeNetwork(transport: Transport): Network {
  return { tier: transport.tier, listen: (options) => transport.listen(options), dial };
}

function dial(options: DialOptions): Promise<ByteStream> {
  const { address, timeoutMs } = options;
  return new Promise((resolve, reject) => {
    // Half-close: the peer may end its side and still read what we have to say.
    const socket: Socket = connect({ ...address, allowHalfOpen: true, noDelay: true });
    const refuse = (error: Error): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(error);
    };
    const timer = setTimeout(() => {
      const text = `${addressName(address)} did not answer within ${timeoutMs} ms`;
      refuse(Object.assign(new Error(text), { code: 'ETIMEDOUT' }));
    }, timeoutMs);
    socket.once('error', refuse);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.off('error', refuse);
      resolve(new SocketStream(socket, 'path' in address ? address.path : ''));
    });
  });
}
