/** Fills a server with many commands through one connection, as fast as it takes them. */
import { connect } from 'node:net';
import type { Peer } from './peers.ts';

const CHUNK_BYTES = 256 * 1024;
const FILL_MS_MAX = 600_000;

/** One command of the load: its arguments as single-byte text, a function of its number. */
export type Filling = (index: number) => readonly string[];

/** Sends commands 0 to `count`; resolves when all are answered, rejects on the first error reply. */
export async function fill(
  peer: Pick<Peer, 'port'>,
  count: number,
  command: Filling,
): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port: peer.port });
  socket.setNoDelay(true);
  const done = Promise.withResolvers<void>();
  const timer = setTimeout(() => socket.destroy(new Error('the load took too long')), FILL_MS_MAX);
  let tail = '';
  socket.on('error', done.reject);
  socket.on('close', () => done.reject(new Error('the server closed the connection')));
  socket.on('data', (bytes) => {
    const text = tail + bytes.toString('latin1');
    // Replies of the load are integers and OK, so a line that begins with a minus is an error.
    const error = text.indexOf('\n-');
    if (error >= 0) done.reject(new Error(text.slice(error + 1, error + 200)));
    if (text.includes(END)) done.resolve();
    tail = text.slice(-64);
  });
  const send = async (): Promise<void> => {
    let chunk = '';
    for (let index = 0; index < count; index++) {
      const args = command(index);
      chunk += `*${args.length}\r\n`;
      for (const arg of args) chunk += `$${arg.length}\r\n${arg}\r\n`;
      if (chunk.length < CHUNK_BYTES) continue;
      if (!socket.write(chunk, 'latin1')) {
        await new Promise((resolve) => socket.once('drain', resolve));
      }
      chunk = '';
    }
    socket.write(`${chunk}*2\r\n$4\r\nECHO\r\n$${END.length}\r\n${END}\r\n`, 'latin1');
  };
  try {
    await Promise.race([send().then(() => done.promise), done.promise]);
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

const END = 'the end of the load';

/** A key of 16 bytes. */
export function keyOf(index: number): string {
  return `key:${String(index).padStart(12, '0')}`;
}
