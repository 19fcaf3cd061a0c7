/**
 * An origin that knows the truth and often fails to tell it: slow, truncated, reset, with a length that is never
 * reached, chunks that never end, interim responses, heads that are too large, errors. What it does send of a body
 * is right, and so are its entity tags: any whole response that is wrong was made by somebody else.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SimRandom } from '../../../src/core/runtime/sim/index.ts';
import { MessageReader } from '../balancer/message-reader.ts';
import { etagOf, type Resource, type TruthBook } from './truth-book.ts';

const FAULTS = [
  ...[
    'gone',
    'gone in the head',
    'reset in the body',
    'cut',
    'length never reached',
    'chunks without end',
  ],
  ...['error', 'error that may be stored', 'huge head', 'bad head', 'stalled for a while'],
] as const;
type Fault = (typeof FAULTS)[number];
const ODD = ['slow', 'interim', 'chunked', 'in pieces', 'until the end'] as const;
const FAULT_SHARE = 0.12;

interface Question {
  readonly method: string;
  readonly path: string;
  readonly fields: ReadonlyMap<string, string>;
}

export class TruthOrigin {
  readonly asked = { all: 0, conditional: 0, changed: 0 };
  readonly faults: Map<Fault, number> = new Map();
  /** Whether it misbehaves now. */
  storm = true;
  private readonly book: TruthBook;
  private readonly random: SimRandom;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  private constructor(book: TruthBook, random: SimRandom) {
    this.book = book;
    this.random = random;
    this.server = createServer({ noDelay: true }, (socket) => this.accept(socket));
  }

  static async listen(book: TruthBook, random: SimRandom): Promise<TruthOrigin> {
    const origin = new TruthOrigin(book, random);
    origin.server.listen(0, '127.0.0.1');
    await once(origin.server, 'listening');
    return origin;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  private accept(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    let question: Question | undefined;
    const reader = new MessageReader('request', {
      onHead: ({ line, fields }) => {
        const [method = '', path = ''] = line.split(' ');
        question = { method, path, fields };
        return false;
      },
      onBody: () => {},
      onEnd: () => {
        const asked = question as Question;
        // Caches keep their connections; a client that asks directly does not.
        const last = asked.fields.get('connection') === 'close';
        void this.answer(socket, asked).then(() => last && socket.end());
      },
    });
    socket.on('data', (piece: Buffer) => reader.push(piece));
  }

  private async answer(socket: Socket, question: Question): Promise<void> {
    this.asked.all++;
    const resource = this.book.find(question.path);
    if (resource === undefined) throw new Error(`asked for ${question.path}`);
    const { random } = this;
    if (question.method === 'POST') return this.change(socket, resource);
    if (random.chance(0.02)) resource.version++;
    const fault =
      this.storm && random.chance(FAULT_SHARE) ? FAULTS[random.below(FAULTS.length)] : undefined;
    if (fault !== undefined) this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1);
    if (fault === 'gone') return void socket.destroy();
    if (fault === 'stalled for a while') await sleep(400);
    if (fault?.startsWith('error')) {
      const control = fault === 'error' ? 'no-store' : 'max-age=1';
      socket.write(
        `HTTP/1.1 ${500 + random.below(5)} Error\r\n${now()}Cache-Control: ${control}\r\nX-Error: yes\r\nContent-Length: 5\r\n\r\nerror`,
      );
      return;
    }
    const odd = random.chance(0.3) ? ODD[random.below(ODD.length)] : undefined;
    if (odd === 'slow') await sleep(random.below(80));
    if (odd === 'interim') {
      socket.write('HTTP/1.1 103 Early Hints\r\nETag: "no.0"\r\nCache-Control: max-age=9\r\n\r\n');
    }
    const language = resource.kind === 'varying' ? (question.fields.get('x-language') ?? '') : '';
    const { version } = resource;
    const etag = etagOf(language, version);
    const fields = `${now()}${controlOf(resource)}ETag: ${etag}\r\n`;
    if (question.fields.has('if-none-match')) {
      this.asked.conditional++;
      if ((question.fields.get('if-none-match') as string).includes(etag)) {
        socket.write(`HTTP/1.1 304 Not Modified\r\n${fields}X-New: yes\r\n\r\n`);
        return;
      }
    }
    if (fault === 'gone in the head') return void socket.end('HTTP/1.1 200 OK\r\nETag: "x');
    if (fault === 'bad head')
      return void socket.end(`HTTP/1.1 200 OK\r\n${fields}no colon\r\n\r\n`);
    const large =
      fault === 'huge head' ? 'X-Large: abcdefghijklmnopqrstuvwxyz\r\n'.repeat(3000) : '';
    const body = this.book.body(resource.path, language, version);
    await this.send(socket, question, { head: `${fields}${large}`, body, fault, odd });
  }

  /** Whoever sent it never wants to see what was before. */
  private change(socket: Socket, resource: Resource): void {
    resource.version++;
    this.asked.changed++;
    socket.write(
      `HTTP/1.1 200 OK\r\n${now()}X-Version: ${resource.version}\r\nContent-Length: 0\r\n\r\n`,
    );
  }

  private async send(
    socket: Socket,
    { method, fields }: Question,
    what: {
      readonly head: string;
      readonly body: Buffer;
      readonly fault: Fault | undefined;
      readonly odd: (typeof ODD)[number] | undefined;
    },
  ): Promise<void> {
    const { random } = this;
    const { head, fault, odd } = what;
    let { body } = what;
    let status = 'HTTP/1.1 200 OK\r\n';
    const range = /^bytes=(\d+)-(\d+)$/.exec(fields.get('range') ?? '');
    const first = Number(range?.[1]);
    // If-Range is not what our own clients send; whoever puts parts together does.
    const ifRange = fields.get('if-range');
    if (
      range !== null &&
      first < body.length &&
      (ifRange === undefined || head.includes(ifRange))
    ) {
      const last = Math.min(Number(range[2]), body.length - 1);
      status = `HTTP/1.1 206 Partial Content\r\nContent-Range: bytes ${first}-${last}/${body.length}\r\n`;
      body = body.subarray(first, last + 1);
    }
    const chunked = odd === 'chunked' || fault === 'chunks without end';
    const closes = odd === 'until the end' && fault === undefined && range === null;
    const length =
      fault === 'length never reached' ? body.length + 1 + random.below(9999) : body.length;
    const framing = chunked
      ? 'Transfer-Encoding: chunked\r\n'
      : closes
        ? 'Connection: close\r\n'
        : `Content-Length: ${length}\r\n`;
    socket.write(Buffer.from(`${status}${head}${framing}\r\n`, 'latin1'));
    if (method === 'HEAD') {
      if (closes) socket.end();
      return;
    }
    const spoiled = fault !== undefined && !['stalled for a while', 'huge head'].includes(fault);
    const sent =
      spoiled && !fault.startsWith('length')
        ? body.subarray(0, random.below(body.length + 1))
        : body;
    const pieces = odd === 'in pieces' || spoiled ? 4 : 1;
    const size = Math.max(1, Math.ceil(sent.length / pieces));
    for (let at = 0; at < sent.length; at += size) {
      const piece = sent.subarray(at, at + size);
      if (chunked) socket.write(`${piece.length.toString(16)}\r\n`);
      socket.write(piece);
      if (chunked) socket.write('\r\n');
      if (pieces > 1) await sleep(random.below(12));
    }
    if (fault === 'reset in the body') return void socket.resetAndDestroy();
    if (spoiled || closes) return void socket.end();
    if (chunked) socket.write('0\r\nX-Trailer: yes\r\n\r\n');
  }
}

function now(): string {
  return `Date: ${new Date().toUTCString()}\r\n`;
}

function controlOf({ kind }: Resource): string {
  switch (kind) {
    case 'kept':
    case 'streamed':
      return 'Cache-Control: max-age=3600\r\n';
    case 'brief':
      return 'Cache-Control: max-age=1, stale-while-revalidate=1\r\n';
    case 'varying':
      return 'Cache-Control: max-age=5\r\nVary: X-Language\r\n';
    case 'checked':
      return 'Cache-Control: no-cache\r\n';
    case 'never':
      return 'Cache-Control: no-store\r\n';
  }
}
