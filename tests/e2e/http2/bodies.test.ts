/** Bodies of every size and shape through the proxy, between versions of HTTP, byte for byte. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  Agent,
  createServer,
  type IncomingMessage,
  request as request1,
  type Server,
  type ServerResponse,
} from 'node:http';
import { connect, createServer as createServer2, type Http2Server } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { Bed } from '../../support/http-bed.ts';

/** What is asked for and how: sizes of pieces up and down, a length announced or not. */
interface Exchange {
  readonly up: readonly number[];
  readonly down: readonly number[];
  readonly lengths: boolean;
}

const sizes = fc.array(
  fc.oneof(
    fc.integer({ min: 0, max: 100 }),
    fc.integer({ min: 16_380, max: 16_390 }),
    fc.integer({ min: 0, max: 300_000 }),
  ),
  { maxLength: 5 },
);
const exchanges = fc.array(fc.record({ up: sizes, down: sizes, lengths: fc.boolean() }), {
  minLength: 1,
  maxLength: 8,
});
const random = randomBytes(1 << 20);

/** Bytes that are not the same anywhere, by where the piece stands. */
function piecesOf(list: readonly number[], seed: number): Buffer[] {
  return list.map((size, i) => {
    const from = (seed * 7919 + i * 104_729) % (random.length - size);
    return random.subarray(from, from + size);
  });
}

const total = (list: readonly number[]): number => list.reduce((sum, each) => sum + each, 0);

interface Asked {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
}

/** Reads the body, says its bytes back in a field as a check of order, and answers with what was asked for. */
function serve(
  request: Asked & NodeJS.ReadableStream,
  response: Pick<ServerResponse, 'writeHead' | 'write' | 'end'>,
): void {
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.on('end', () => {
    const { seed, exchange } = JSON.parse(decodeURIComponent(String(request.url).slice(2))) as {
      seed: number;
      exchange: Exchange;
    };
    const up = Buffer.concat(pieces);
    const right = up.equals(Buffer.concat(piecesOf(exchange.up, seed)));
    const length = exchange.lengths ? { 'content-length': String(total(exchange.down)) } : {};
    response.writeHead(right ? 200 : 400, length);
    for (const piece of piecesOf(exchange.down, seed + 1)) response.write(piece);
    response.end();
  });
}

const target = (exchange: Exchange, seed: number): string =>
  `/?${encodeURIComponent(JSON.stringify({ seed, exchange }))}`;

const http1: Server = createServer((request: IncomingMessage, response: ServerResponse) =>
  serve(request, response),
);
const http2: Http2Server = createServer2((request, response) =>
  serve(request as never, response as never),
);
const sessions = new Set<Socket>();
http2.on('connection', (socket: Socket) => sessions.add(socket));
const beds: Bed[] = [];

before(async () => {
  for (const [server, protocol] of [
    [http1, 'http1'],
    [http2, 'http2'],
  ] as const) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    beds.push(await Bed.open(() => {}, { port: (server.address() as AddressInfo).port, protocol }));
  }
});

after(async () => {
  for (const bed of beds) await bed.close();
  http1.closeAllConnections();
  http1.close();
  for (const socket of sessions) socket.destroy();
  http2.close();
});

type Client = (port: number, list: readonly Exchange[]) => Promise<void>;

/** All at once on one connection. */
const viaHttp2: Client = async (port, list) => {
  const session = connect(`http://127.0.0.1:${port}`);
  try {
    await Promise.all(
      list.map(async (exchange, seed) => {
        const stream = session.request({
          ':method': 'POST',
          ':path': target(exchange, seed),
          ...(exchange.lengths && { 'content-length': String(total(exchange.up)) }),
        });
        for (const piece of piecesOf(exchange.up, seed)) stream.write(piece);
        stream.end();
        const [head] = (await once(stream, 'response')) as [{ ':status': number }];
        const pieces: Buffer[] = [];
        for await (const piece of stream as AsyncIterable<Buffer>) pieces.push(piece);
        assert.equal(head[':status'], 200);
        assert.ok(Buffer.concat(pieces).equals(Buffer.concat(piecesOf(exchange.down, seed + 1))));
      }),
    );
  } finally {
    session.destroy();
  }
};

const viaHttp1: Client = async (port, list) => {
  const agent = new Agent({ keepAlive: true });
  try {
    await Promise.all(
      list.map(async (exchange, seed) => {
        const headers = exchange.lengths ? { 'Content-Length': total(exchange.up) } : {};
        const path = target(exchange, seed);
        const request = request1({ port, host: '127.0.0.1', method: 'POST', path, agent, headers });
        for (const piece of piecesOf(exchange.up, seed)) request.write(piece);
        request.end();
        const [response] = (await once(request, 'response')) as [IncomingMessage];
        const pieces: Buffer[] = [];
        for await (const piece of response as AsyncIterable<Buffer>) pieces.push(piece);
        assert.equal(response.statusCode, 200);
        assert.ok(Buffer.concat(pieces).equals(Buffer.concat(piecesOf(exchange.down, seed + 1))));
      }),
    );
  } finally {
    agent.destroy();
  }
};

const ways: readonly [string, Client, number][] = [
  ['HTTP/2 to HTTP/1', viaHttp2, 0],
  ['HTTP/1 to HTTP/2', viaHttp1, 1],
  ['HTTP/2 to HTTP/2', viaHttp2, 1],
];

for (const [name, client, at] of ways) {
  test(`bodies go through byte for byte: ${name}`, async () => {
    await fc.assert(
      fc.asyncProperty(exchanges, async (list) => {
        const bed = beds[at] as Bed;
        await client(bed.port, list);
      }),
      { numRuns: 40, endOnFailure: true },
    );
    assert.deepEqual(
      (beds[at] as Bed).outcomes.filter((outcome) => outcome !== 'well'),
      [],
    );
  });
}
