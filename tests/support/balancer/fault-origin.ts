/**
 * A server of raw bytes that behaves or misbehaves by chance: dies before, in and behind the head, lies about
 * lengths, resets, stalls, dribbles, goes away as a whole and comes back on the same port.
 *
 * A request for `/f/<id>/<bytes>` is answered with so many bytes that follow from the id, and from the digest of the
 * request's body if it has one. Every fault is written down in the book before it is made.
 */
import { createHash, type Hash } from 'node:crypto';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SimRandom } from '../../../src/core/runtime/sim/index.ts';
import { bodyOf, type FaultBook } from './fault-book.ts';
import { type MessageHead, MessageReader } from './message-reader.ts';

/** Longer than the balancer waits for a server. */
const STALL_MS = 4500;
const FAULT_SHARE = 0.15;

/** Faults that spoil the response, with how it goes out until then. */
const FAULTS = [
  ...['die before the head', 'reset before the head', 'die in the head', 'die behind the head'],
  ...['die in the body', 'reset in the body', 'chunks without an end', 'bad chunk', 'bad head'],
  ...['stall before the head', 'stall in the body', 'reset while the request comes', 'two lengths'],
] as const;
/** What is odd and yet right. */
const ODD = [
  ...['slow', 'interim', 'status 500', 'answer early', 'close behind', 'trailers'],
  ...['until the end of the connection', 'two answers'],
] as const;

type How = (typeof FAULTS)[number] | (typeof ODD)[number] | 'well';

interface Asked {
  readonly id: string;
  readonly method: string;
  readonly bytes: number;
  readonly hash: Hash | null;
  readonly how: How;
  /** An answer has been begun before the request had come whole. */
  early: boolean;
}

export class FaultOrigin {
  readonly name: string;
  port = 0;
  private readonly book: FaultBook;
  private readonly random: SimRandom;
  private server: Server | null = null;
  private readonly sockets = new Map<Socket, Asked | null>();

  constructor(name: string, book: FaultBook, random: SimRandom) {
    this.name = name;
    this.book = book;
    this.random = random;
  }

  async listen(): Promise<void> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
      this.accept(socket),
    );
    this.server = server;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once('error', reject);
    server.listen(this.port, '127.0.0.1', () => resolve());
    await promise;
    this.port = (server.address() as AddressInfo).port;
  }

  /** Goes away with all connections, and comes back after a while. */
  async goAway(ms: number): Promise<void> {
    const broken = this.book.breaks(this.name, 'away');
    broken.toMs = Number.POSITIVE_INFINITY;
    this.close('away');
    // The port is free again behind a turn of the loop or two.
    await sleep(50 + ms);
    await this.listen();
    broken.toMs = performance.now();
  }

  /** Breaks off a connection that carries nothing. */
  dropIdle(): void {
    for (const [socket, asked] of this.sockets) {
      if (asked !== null) continue;
      this.book.breaks(this.name, 'idle connection dropped');
      if (this.random.chance(0.5)) socket.destroy();
      else socket.resetAndDestroy();
      return;
    }
  }

  close(why = 'closed'): void {
    this.server?.close();
    this.server = null;
    for (const [socket, asked] of this.sockets) {
      if (asked !== null) this.book.faulty(asked.id, why);
      socket.resetAndDestroy();
    }
  }

  private accept(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    if (this.book.storm && this.random.chance(0.01)) {
      this.book.breaks(this.name, 'reset as it was accepted');
      socket.resetAndDestroy();
      return;
    }
    this.sockets.set(socket, null);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('end', () => socket.end());
    const reader = new MessageReader('request', {
      onHead: (head) => {
        this.sockets.set(socket, this.asked(head));
        this.begun(socket);
        return false;
      },
      onBody: (bytes) => {
        this.sockets.get(socket)?.hash?.update(bytes);
        const asked = this.sockets.get(socket);
        if (asked?.how === 'reset while the request comes') this.spoil(socket, asked, true);
      },
      onEnd: () => {
        const asked = this.sockets.get(socket);
        if (asked !== undefined && asked !== null) this.book.gotWhole(asked.id);
        if (asked !== undefined && asked !== null && !asked.early) void this.answer(socket, asked);
        else this.sockets.has(socket) && this.sockets.set(socket, null);
      },
    });
    socket.on('data', (bytes: Buffer) => {
      try {
        reader.push(bytes);
      } catch (error) {
        this.book.faulty('bad request', String(error));
        socket.destroy();
      }
    });
  }

  private asked({ line, fields }: MessageHead): Asked {
    const [method = '', target = ''] = line.split(' ');
    const [, kind, id = '', bytes = '0'] = target.split('/');
    const hasBody =
      fields.has('transfer-encoding') || Number(fields.get('content-length') ?? 0) > 0;
    const how = kind === 'f' ? this.how() : 'well';
    if (kind === 'f') this.book.begins(id, `${how} by ${this.name}`);
    return {
      ...{ id, method, bytes: Number(bytes), early: false },
      hash: hasBody ? createHash('sha256') : null,
      how,
    };
  }

  private how(): How {
    const { random } = this;
    if (this.book.storm && random.chance(FAULT_SHARE))
      return FAULTS[random.below(FAULTS.length)] as How;
    // The last of the odd ones breaks the connection, so it is none for a calm.
    const odd = this.book.storm ? ODD.length : ODD.length - 1;
    return random.chance(0.2) ? (ODD[random.below(odd)] as How) : 'well';
  }

  private begun(socket: Socket): void {
    const asked = this.sockets.get(socket);
    if (asked?.how !== 'answer early' || asked.hash === null) return;
    asked.early = true;
    const body = bodyOf(`${asked.id}:early`, asked.bytes);
    socket.write(head(asked, 200, [`Content-Length: ${body.length}`, 'X-Kind: early']));
    socket.write(body);
  }

  /** Writes down the fault and breaks off. */
  private spoil(socket: Socket, { id, how, method }: Asked, reset: boolean): void {
    if (socket.destroyed) return;
    // Its answer was whole with the head, so that somebody else's request may be under way by now.
    if (method === 'HEAD') this.book.breaks(this.name, `${how}, which HEAD has none of`);
    this.book.faulty(id, how);
    if (reset) socket.resetAndDestroy();
    else socket.end(() => socket.destroy());
  }

  private async answer(socket: Socket, asked: Asked): Promise<void> {
    const { id, how, hash, random } = { ...asked, random: this.random };
    const text = hash === null ? id : `${id}:${hash.digest('hex')}`;
    const body = asked.method === 'HEAD' ? Buffer.alloc(0) : bodyOf(text, asked.bytes);
    const length = `Content-Length: ${asked.bytes}`;
    const some = body.subarray(0, random.below(body.length + 1));
    const resets = random.chance(0.5);
    const status = how === 'status 500' ? 500 : 200;
    switch (how) {
      case 'die before the head':
      case 'reset before the head':
      case 'reset while the request comes':
        this.spoil(socket, asked, how !== 'die before the head');
        return;
      case 'die in the head':
        socket.write(head(asked, 200, [length]).subarray(0, 1 + random.below(40)));
        this.spoil(socket, asked, resets);
        return;
      case 'die behind the head':
        socket.write(head(asked, 200, [`Content-Length: ${asked.bytes + 10}`]));
        this.spoil(socket, asked, resets);
        return;
      case 'die in the body':
      case 'reset in the body':
        this.book.faulty(id, how);
        socket.write(head(asked, 200, [`Content-Length: ${asked.bytes + 1}`]));
        socket.write(some);
        await sleep(random.below(20));
        this.spoil(socket, asked, how === 'reset in the body');
        return;
      case 'chunks without an end':
        this.book.faulty(id, how);
        socket.write(
          Buffer.concat([head(asked, 200, ['Transfer-Encoding: chunked']), chunk(some)]),
        );
        await sleep(random.below(20));
        this.spoil(socket, asked, resets);
        return;
      case 'bad chunk':
        this.book.faulty(id, how);
        socket.write(head(asked, 200, ['Transfer-Encoding: chunked']));
        socket.write(Buffer.concat([chunk(some), Buffer.from('zz\r\nhello')]));
        await sleep(20);
        this.spoil(socket, asked, resets);
        return;
      case 'bad head':
        this.book.faulty(id, how);
        socket.write('HTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
        await sleep(20);
        this.spoil(socket, asked, resets);
        return;
      case 'two lengths':
        this.book.faulty(id, how);
        socket.write(head(asked, 200, [length, 'Transfer-Encoding: chunked']));
        await sleep(20);
        this.spoil(socket, asked, resets);
        return;
      case 'stall before the head':
        this.book.faulty(id, how);
        await sleep(STALL_MS);
        this.spoil(socket, asked, resets);
        return;
      case 'stall in the body':
        this.book.faulty(id, how);
        socket.write(head(asked, 200, [`Content-Length: ${asked.bytes + 1}`]));
        socket.write(some);
        // The answer to HEAD is whole: the next request would be broken off, in a calm perhaps.
        if (asked.method !== 'HEAD') await sleep(STALL_MS);
        this.spoil(socket, asked, resets);
        return;
      case 'slow':
        await this.dribble(socket, head(asked, 200, [length]), body);
        break;
      case 'interim':
        socket.write('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n');
        await sleep(random.below(10));
        socket.write(Buffer.concat([head(asked, 200, [length]), body]));
        break;
      case 'close behind':
        socket.end(Buffer.concat([head(asked, 200, [length, 'Connection: close']), body]));
        break;
      case 'two answers':
        this.twoAnswers(socket, asked, body);
        break;
      case 'until the end of the connection':
        if (asked.method === 'HEAD') socket.end(head(asked, 200, [length, 'Connection: close']));
        else socket.end(Buffer.concat([head(asked, 200, ['Connection: close']), body]));
        break;
      case 'trailers':
        this.withTrailers(socket, asked, body);
        break;
      case 'status 500':
      case 'answer early':
      case 'well':
        if (asked.method !== 'HEAD' && random.chance(0.4)) {
          const chunks = Buffer.concat([chunk(body), Buffer.from('0\r\n\r\n')]);
          socket.write(
            Buffer.concat([head(asked, status, ['Transfer-Encoding: chunked']), chunks]),
          );
        } else socket.write(Buffer.concat([head(asked, status, [length]), body]));
    }
    // Behind a slow answer the next request may have begun.
    if (this.sockets.get(socket) === asked) this.sockets.set(socket, null);
  }

  private async dribble(socket: Socket, begin: Buffer, body: Buffer): Promise<void> {
    const all = Buffer.concat([begin, body]);
    const pieces = 2 + this.random.below(12);
    const size = Math.ceil(all.length / pieces);
    for (let at = 0; at < all.length; at += size) {
      if (socket.destroyed) return;
      socket.write(all.subarray(at, at + size));
      await sleep(this.random.below(30));
    }
  }

  /** A response that nobody asked for stands right behind, where it comes with the end of the first. */
  private twoAnswers(socket: Socket, asked: Asked, body: Buffer): void {
    const length = `Content-Length: ${asked.bytes}`;
    const whole = Buffer.concat([head(asked, 200, [length]), body]);
    const evil = Buffer.from('HTTP/1.1 200 OK\r\nX-Id: evil\r\nContent-Length: 4\r\n\r\nevil');
    if (whole.length > 4096) {
      socket.write(whole);
      return;
    }
    // Whoever is sent here by this connection meanwhile finds it broken.
    this.book.breaks(this.name, asked.how);
    socket.write(Buffer.concat([whole, evil]));
  }

  private withTrailers(socket: Socket, asked: Asked, body: Buffer): void {
    if (asked.method === 'HEAD') {
      socket.write(head(asked, 200, [`Content-Length: ${asked.bytes}`]));
      return;
    }
    const end = Buffer.from('0\r\nX-Sum: 1\r\n\r\n');
    const fields = ['Transfer-Encoding: chunked', 'Trailer: X-Sum'];
    socket.write(Buffer.concat([head(asked, 200, fields), chunk(body), end]));
  }
}

function head({ id }: Asked, status: number, fields: readonly string[]): Buffer {
  const lines = [`HTTP/1.1 ${status} Said`, `X-Id: ${id}`, ...fields];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
}

/** One or two chunks; none when there is nothing to say. */
function chunk(bytes: Buffer): Buffer {
  if (bytes.length === 0) return bytes;
  const half = bytes.length >> 1;
  const parts = half === 0 ? [bytes] : [bytes.subarray(0, half), bytes.subarray(half)];
  return Buffer.concat(
    parts.flatMap((part) => [
      Buffer.from(`${part.length.toString(16)}\r\n`),
      part,
      Buffer.from('\r\n'),
    ]),
  );
}
