/** Fills a cache with objects of their own: one request for each, on some kept connections, all answers judged. */
import { connect } from 'node:net';
import { BODIES } from './caches.ts';

const CONNECTIONS = 16;
const HEAD_END = Buffer.from('\r\n\r\n');

/** Asks for `/each/0`, or from another one on, and so on. @throws when an answer is not 200 with the whole body */
export async function fillCache(port: number, objects: number, from = 0): Promise<void> {
  let next = from;
  const lane = (): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let bytes: Buffer = Buffer.alloc(0);
    const ask = (): void => {
      if (next === objects) {
        socket.destroy();
        resolve();
      } else socket.write(`GET /each/${next++} HTTP/1.1\r\nHost: bench.example\r\n\r\n`);
    };
    socket.on('connect', ask);
    socket.on('error', reject);
    socket.on('data', (piece: Buffer) => {
      bytes = bytes.length === 0 ? piece : Buffer.concat([bytes, piece]);
      const end = bytes.indexOf(HEAD_END);
      // HAProxy and Varnish may send on in chunks what comes so; the origin gives a length.
      if (end === -1) return;
      const head = bytes.toString('latin1', 0, 12);
      if (head !== 'HTTP/1.1 200') reject(new Error(`${head} for /each/${next}`));
      if (bytes.length < end + 4 + BODIES.one) return;
      bytes = Buffer.alloc(0);
      ask();
    });
    return promise;
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, lane));
}
