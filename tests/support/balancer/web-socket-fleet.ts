/**
 * Many WebSockets of one client, each of which counts: a frame carries the socket's number and how many it has sent.
 *
 * Oracle: the echoes of a socket are 1, 2, 3 and so on with its own number; anything else, and any end that was
 * not asked for, is a sentence in `wrong`.
 */
import { once } from 'node:events';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { waitUntil } from '../process.ts';
import { acceptKey, clientFrame, readFrames } from './web-socket-frames.ts';

const AT_ONCE = 64;
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const WRONG_MAX = 20;
/** Sockets in one connection of HTTP/2. */
const STREAMS = 50;

export interface FleetDoor {
  readonly port: number;
  readonly tls: boolean;
  /** By a stream of HTTP/2, RFC 8441; without TLS. */
  readonly http2?: boolean;
}

class Counted {
  readonly number: number;
  readonly socket: Duplex;
  sent = 0;
  echoed = 0;
  left: Buffer = Buffer.alloc(0);

  constructor(number: number, socket: Duplex) {
    this.number = number;
    this.socket = socket;
  }
}

export class Fleet {
  /** What should not have happened, the first of it. */
  readonly wrong: string[] = [];
  private readonly all: Counted[] = [];
  private readonly sessions: ClientHttp2Session[] = [];
  private streams = 0;
  private closing = false;

  /** Opens `count` of them by the doors in turn; the path of each has its number. */
  async open(count: number, doorOf: (number: number) => FleetDoor): Promise<void> {
    let next = this.all.length;
    const end = next + count;
    const lane = async (): Promise<void> => {
      while (next < end) {
        const number = next++;
        this.all.push(await this.openOne(number, doorOf(number)));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
  }

  get size(): number {
    return this.all.length;
  }

  /** Each sends one more frame. */
  beat(which: (number: number) => boolean = () => true): void {
    for (const each of this.all) if (which(each.number)) this.send(each);
  }

  /** Waits until every frame has come back. */
  async settle(): Promise<void> {
    const missing = (): Counted[] => this.all.filter(({ sent, echoed }) => echoed < sent);
    await waitUntil(
      'all echoes',
      () => this.wrong.length > 0 || missing().length === 0,
      60_000,
    ).catch(() => {
      const numbers = missing().map(({ number }) => number);
      this.tell(`${numbers.length} have no echo: ${numbers.slice(0, 10).join(' ')}`);
    });
  }

  async close(): Promise<void> {
    this.closing = true;
    const ends = this.all.map(({ socket }) => {
      const closed = socket.destroyed ? null : once(socket, 'close');
      socket.end();
      return closed;
    });
    const late = setTimeout(() => {
      for (const { socket } of this.all) socket.destroy();
    }, 20_000);
    await Promise.all(ends);
    clearTimeout(late);
    for (const session of this.sessions) session.destroy();
  }

  private send(each: Counted): void {
    const payload = Buffer.allocUnsafe(8);
    payload.writeUInt32BE(each.number, 0);
    payload.writeUInt32BE(++each.sent, 4);
    each.socket.write(clientFrame(payload, (each.number * 2_654_435_761 + each.sent) >>> 0));
  }

  private async openOne(number: number, door: FleetDoor): Promise<Counted> {
    const socket =
      door.http2 === true ? await this.stream(number, door) : await upgraded(number, door);
    const each = new Counted(number, socket);
    socket.on('data', (bytes: Buffer) => this.received(each, bytes));
    socket.on('error', (error) => this.ended(each, error.message));
    socket.on('close', () => this.ended(each, 'closed'));
    return each;
  }

  private async stream(number: number, { port }: FleetDoor): Promise<Duplex> {
    if (this.streams++ % STREAMS === 0) {
      const session = connectHttp2(`http://127.0.0.1:${port}`);
      // Each stream that begins waits for what the session is told.
      session.setMaxListeners(STREAMS * 2);
      session.on('error', (error) => this.tell(`a connection of HTTP/2: ${error.message}`));
      session.on('close', () => {
        if (!this.closing) this.tell('a connection of HTTP/2 was closed');
      });
      this.sessions.push(session);
    }
    const session = this.sessions.at(-1) as ClientHttp2Session;
    if (session.remoteSettings?.enableConnectProtocol !== true) {
      await once(session, 'remoteSettings');
    }
    const stream = session.request(
      {
        ...{ ':method': 'CONNECT', ':protocol': 'websocket', ':path': `/socket/${number}` },
        ...{ ':scheme': 'http', ':authority': 'a.test', 'sec-websocket-version': '13' },
      },
      { endStream: false },
    );
    const [head] = (await once(stream, 'response')) as [{ readonly ':status'?: number }];
    if (head[':status'] !== 200) throw new Error(`socket ${number}: status ${head[':status']}`);
    return stream;
  }

  private received(each: Counted, bytes: Buffer): void {
    try {
      each.left = readFrames(Buffer.concat([each.left, bytes]), (payload) => {
        each.echoed++;
        const [number, count] = [payload.readUInt32BE(0), payload.readUInt32BE(4)];
        if (number === each.number && count === each.echoed && count <= each.sent) return;
        this.tell(`socket ${each.number} got ${number}:${count}, wanted its ${each.echoed}`);
      });
    } catch (error) {
      this.tell(`socket ${each.number}: ${String(error)}`);
    }
  }

  private ended(each: Counted, how: string): void {
    if (!this.closing) this.tell(`socket ${each.number} ended: ${how}`);
  }

  private tell(what: string): void {
    if (this.wrong.length < WRONG_MAX) this.wrong.push(what);
  }
}

async function upgraded(number: number, { port, tls }: FleetDoor): Promise<Duplex> {
  const socket = tls
    ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, servername: 'a.test' })
    : connectTcp({ port, host: '127.0.0.1' });
  await once(socket, tls ? 'secureConnect' : 'connect');
  socket.setNoDelay(true);
  socket.write(
    `GET /socket/${number} HTTP/1.1\r\nHost: a.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\n\r\n`,
  );
  let head = '';
  while (!head.includes('\r\n\r\n')) {
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    head += bytes.toString('latin1');
  }
  if (!head.startsWith('HTTP/1.1 101 ') || !head.includes(acceptKey(KEY))) {
    throw new Error(`socket ${number} was not opened: ${head}`);
  }
  return socket;
}
