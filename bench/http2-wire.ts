/**
 * Speed of HTTP/2 without sockets: `node bench/http2-wire.ts [seconds]`.
 *
 * A client's and a server's connection of ours hand each other their octets: `streams` requests at once in
 * one piece, their responses in one piece. What a server costs is measured with requests that were recorded
 * before, so that no client runs beside it; a pair of both is measured as well.
 */
import {
  BodyKind,
  Http2Connection,
  type Http2Handler,
  Http2Shared,
  type Http2Stream,
  http2LimitsDefault,
  MethodId,
  methodIdOf,
  RequestHead,
  ResponseHead,
  readAuthority,
  readTarget,
} from '../src/core/wire/index.ts';

const seconds = Number(process.argv[2] ?? 1);
const BODY = Buffer.alloc(1024, 'x');

function fields(
  head: RequestHead | ResponseHead,
  list: readonly (readonly [string, string])[],
): void {
  for (const [name, value] of list) head.fields.add(Buffer.from(name), value);
}

function requestHead(path: string): RequestHead {
  const head = new RequestHead();
  const buf = Buffer.from(`GET${path}www.example.com`, 'latin1');
  head.fields.buf = buf;
  head.method = methodIdOf(buf, 0, 3);
  head.methodLength = 3;
  readTarget(head, 3, 3 + path.length);
  readAuthority(head, 3 + path.length, buf.length);
  fields(head, [
    [
      'user-agent',
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36',
    ],
    ['accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'],
    ['accept-encoding', 'gzip, deflate, br, zstd'],
    ['accept-language', 'en-US,en;q=0.9'],
  ]);
  return head;
}

const response = new ResponseHead();
response.status = 200;
response.body = BodyKind.length;
fields(response, [
  ['Server', 'plinth'],
  ['Date', 'Sun, 22 Nov 2026 20:00:00 GMT'],
  ['Content-Type', 'text/html; charset=utf-8'],
  ['Content-Length', '1024'],
  ['Cache-Control', 'public, max-age=3600'],
  ['ETag', '"5f3e-1a2b3c4d"'],
]);

class Owner implements Http2Handler<number> {
  readonly shared = new Http2Shared<number>(new RequestHead(), new ResponseHead());
  readonly connection: Http2Connection<number>;
  /** Requests answered, or responses that have ended. */
  done = 0;

  constructor(role: 'server' | 'client') {
    this.connection = new Http2Connection<number>({
      role,
      limits: http2LimitsDefault,
      shared: this.shared,
      handler: this,
    });
    this.connection.start(0);
  }

  onRequest(stream: Http2Stream<number>, head: RequestHead): void {
    if (head.method !== MethodId.get) throw new Error('not the request that was sent');
    this.connection.sendResponse(stream, response, false);
    this.connection.sendData(stream, BODY, 0, BODY.length, true);
    this.done++;
  }
  onData(
    stream: Http2Stream<number>,
    _buf: Buffer,
    _start: number,
    length: number,
    end: boolean,
  ): void {
    this.connection.consumed(stream, length);
    if (end) this.done++;
  }
  onProblem(problem: string): void {
    throw new Error(problem);
  }
  onResponse(): void {}
  onHeadTooLarge(): void {}
  onInformational(): void {}
  onTrailers(): void {}
  onReset(): void {}
  onUnprocessed(): void {}
  onClosed(): void {}
  onWritable(): void {}
  onGoaway(): void {}
  onSettings(): void {}
  onPong(): void {}
}

function move(from: Owner, to: Owner): number {
  const { output } = from.connection;
  const { length } = output;
  if (length > 0) {
    const block = output.detach();
    to.connection.receive(block, 0, length, 0);
    from.shared.blocks.give(block);
  }
  return length;
}

function measure(name: string, run: (rounds: number) => number): void {
  run(2000);
  const start = performance.now();
  const cpu = process.cpuUsage();
  let requests = 0;
  while (performance.now() - start < seconds * 1000) requests += run(500);
  const { user, system } = process.cpuUsage(cpu);
  const each = (user + system) / requests;
  const rate = Math.round(1e6 / each).toLocaleString('en');
  console.log(`${name.padEnd(44)}${each.toFixed(2).padStart(8)} µs each${rate.padStart(12)}/s`);
}

function pair(streams: number): (rounds: number) => number {
  const client = new Owner('client');
  const server = new Owner('server');
  const head = requestHead('/index.html?page=1');
  for (let i = 0; i < 3; i++) {
    move(client, server);
    move(server, client);
  }
  return (rounds) => {
    for (let round = 0; round < rounds; round++) {
      for (let i = 0; i < streams; i++) client.connection.sendRequest(head, true, true, i);
      move(client, server);
      move(server, client);
      move(client, server);
    }
    return rounds * streams;
  };
}

/** The server alone: octets of one round of requests, with the ids of their streams rewritten each time. */
function serverOnly(streams: number): (rounds: number) => number {
  const client = new Owner('client');
  const server = new Owner('server');
  const head = requestHead('/index.html?page=1');
  for (let i = 0; i < 5; i++) {
    move(client, server);
    move(server, client);
    if (i < 3) client.connection.sendRequest(head, true, true, 0);
  }
  for (let i = 0; i < streams; i++) client.connection.sendRequest(head, true, true, i);
  const round = Buffer.from(client.connection.output.view());
  const at: number[] = [];
  for (let i = 0; i < round.length; i += 9 + round.readUIntBE(i, 3)) at.push(i + 5);
  const update = Buffer.from('00000408000000000000000000', 'hex');
  update.writeUInt32BE(streams * BODY.length, 9);
  const piece = Buffer.concat([round, update]);
  let id = round.readUInt32BE(at[0] as number);
  return (rounds) => {
    for (let i = 0; i < rounds; i++) {
      for (const offset of at) {
        piece.writeUInt32BE(id, offset);
        id += 2;
      }
      server.connection.receive(piece, 0, piece.length, 0);
      server.connection.output.done();
    }
    return rounds * streams;
  };
}

for (const streams of [1, 10, 100]) {
  measure(`server alone, ${streams} streams at once, 1 KiB`, serverOnly(streams));
}
for (const streams of [1, 10, 100]) {
  measure(`client and server, ${streams} streams at once, 1 KiB`, pair(streams));
}
