/**
 * The server under measurement of bench/transport.ts: answers `+PONG\r\n` to every inline-free
 * `PING` array (14 bytes) on the tier named first, at once or after the reads of the turn.
 *
 *     node bench/transport-server.ts <streams|onread|handle> <now|turn> <port> [certificate key]
 *
 * On SIGUSR2, with --expose-gc, it prints `connections residentBytes heapBytes` for
 * bench/transport-idle.ts.
 */
import { readFileSync } from 'node:fs';
import { type Connection, type ConnectionHandler, listen } from '../src/core/downstream/index.ts';
import type { TransportTier } from '../src/core/runtime/index.ts';
import { createNodeClock, createNodeTransport } from '../src/core/runtime/node/index.ts';

const [tier, when, port, cert, key] = process.argv.slice(2);
const pingBytes = 14;
const pong = Buffer.from('+PONG\r\n');
const repliesMax = 4096;
const replies = Buffer.alloc(pong.length * repliesMax, pong);
const views = Array.from({ length: repliesMax + 1 }, (_, n) =>
  replies.subarray(0, n * pong.length),
);

const dirty: Ponger[] = [];
const flush = (): void => {
  for (const ponger of dirty) ponger.flush();
  dirty.length = 0;
};

class Ponger implements ConnectionHandler {
  private readonly connection: Connection;
  private rest = 0;
  private owed = 0;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  onData(chunk: Buffer): void {
    const bytes = this.rest + chunk.length;
    const count = Math.trunc(bytes / pingBytes);
    this.rest = bytes - count * pingBytes;
    if (count === 0) return;
    if (when === 'now') {
      this.connection.write(views[Math.min(count, repliesMax)]!);
      return;
    }
    if (this.owed === 0 && dirty.push(this) === 1) setImmediate(flush);
    this.owed += count;
  }

  flush(): void {
    const count = this.owed;
    this.owed = 0;
    this.connection.write(views[Math.min(count, repliesMax)]!);
  }

  onDrain(): void {}

  onEnd(): void {
    this.connection.close('client-closed');
  }

  onClose(): void {}
}

const transport = await createNodeTransport(tier as TransportTier);
if (transport.tier !== tier) throw new Error(`this Node carries ${transport.tier}, not ${tier}`);
const tls =
  cert === undefined || key === undefined
    ? {}
    : { tls: { cert: readFileSync(cert), key: readFileSync(key) } };
const listener = await listen({
  ...tls,
  connectionsMax: 20_000,
  transport,
  clock: createNodeClock(),
  address: { host: '127.0.0.1', port: Number(port) },
  idleTimeoutMs: 60_000,
  onConnection: (connection) => new Ponger(connection),
});

process.on('SIGUSR2', () => {
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  console.log(listener.connections, rss, heapUsed);
});
