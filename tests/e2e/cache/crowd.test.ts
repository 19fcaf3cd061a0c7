/**
 * One fetch for a crowd: concurrent misses of a key share one request to the origin, whoever of the clients dies,
 * stalls or leaves; and what can not be shared does not make them wait for each other.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CacheServer, startPlinthCache } from '../../support/origin/cache-servers.ts';
import { parseResponse } from '../../support/origin/raw-client.ts';

const CROWD = 5000;
const BODY = Buffer.from(
  Array.from({ length: 2048 }, (_, i) => createHash('sha256').update(`${i}`).digest('hex')).join(
    '',
  ),
).subarray(0, 65_536);
const HASH = createHash('sha256').update(BODY).digest('hex');
const HALF = BODY.length / 2;
const head = (fields: string): string =>
  `HTTP/1.1 200 OK\r\nDate: ${new Date().toUTCString()}\r\n${fields}\r\nContent-Length: ${BODY.length}\r\n\r\n`;

let origin: Server;
let cache: CacheServer | undefined;
/** Requests that have reached the origin, and who asks. */
let asked: { readonly path: string; readonly socket: Socket }[];
let clients: Client[];

beforeEach(async () => {
  asked = [];
  clients = [];
  cache = undefined;
  origin = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (piece: Buffer) => {
      const path = /^GET (\S+)/.exec(piece.toString('latin1'))?.[1];
      if (path !== undefined) asked.push({ path, socket });
    });
  });
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  cache = await startPlinthCache((origin.address() as AddressInfo).port);
});

afterEach(async () => {
  for (const { socket } of clients) socket.destroy();
  for (const { socket } of asked) socket.destroy();
  origin.close();
  await cache?.stop();
});

/** A client with one request under way. */
class Client {
  readonly socket: Socket;
  readonly ended: Promise<unknown>;
  bytes = 0;
  private readonly pieces: Buffer[] = [];

  constructor(path: string, reads = true, more = '') {
    this.socket = connect({ port: cache?.port ?? 0, host: '127.0.0.1' });
    this.socket.on('error', () => {});
    this.ended = once(this.socket, 'close');
    this.socket.write(
      `GET ${path} HTTP/1.1\r\nHost: crowd.example\r\nConnection: close\r\n${more}\r\n`,
    );
    this.socket.on('data', (piece: Buffer) => {
      this.pieces.push(piece);
      this.bytes += piece.length;
    });
    this.readOn(reads);
    clients.push(this);
  }

  readOn(reads: boolean): void {
    if (reads) this.socket.resume();
    else this.socket.pause();
  }

  /** Status, hash of the body, and whether it was whole. */
  outcome(): readonly [number, string, boolean] {
    const { status, body, whole } = parseResponse(Buffer.concat(this.pieces), 'GET');
    return [status, createHash('sha256').update(body).digest('hex'), whole];
  }
}

async function until(what: string, ready: () => boolean, limitMs = 60_000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!ready()) {
    if (performance.now() > end) throw new Error(`in vain: ${what}`);
    await sleep(10);
  }
}

/** So many clients, as many at once as a backlog takes. */
async function gather(path: string, count: number): Promise<Client[]> {
  const all: Client[] = [];
  for (let from = 0; from < count; from += 250) {
    const wave = Array.from({ length: Math.min(250, count - from) }, () => new Client(path));
    await Promise.all(wave.map(({ socket }) => once(socket, 'connect')));
    all.push(...wave);
  }
  return all;
}

const WHOLE = [200, HASH, true] as const;
const right = (all: readonly Client[]): number =>
  all.filter((client) => client.outcome().join() === WHOLE.join()).length;

test(`${CROWD} misses of one key are one fetch, and outlive the client that began it`, async () => {
  const first = new Client('/crowd');
  await until('the fetch', () => asked.length === 1);
  asked[0]?.socket.write(head('Cache-Control: max-age=3600'));
  asked[0]?.socket.write(BODY.subarray(0, HALF));
  await until('half of the body', () => first.bytes > HALF);
  const others = await gather('/crowd', CROWD - 1);
  await until('half of the body at all', () => others.every(({ bytes }) => bytes > HALF));
  first.socket.resetAndDestroy();
  await first.ended;
  asked[0]?.socket.write(BODY.subarray(HALF));
  await Promise.all(others.map(({ ended }) => ended));
  assert.equal(right(others), CROWD - 1);
  assert.equal(asked.length, 1);
  const late = new Client('/crowd');
  await late.ended;
  assert.deepEqual(late.outcome(), WHOLE);
  assert.equal(asked.length, 1);
});

test('requests that come before the head are one fetch too', async () => {
  const all = await gather('/early', 500);
  await until('the fetch', () => asked.length > 0);
  // Whoever is not waiting by now finds the fetch under way, or what came of it.
  asked[0]?.socket.write(head('Cache-Control: max-age=3600'));
  asked[0]?.socket.write(BODY);
  await Promise.all(all.map(({ ended }) => ended));
  assert.equal(right(all), 500);
  assert.equal(asked.length, 1);
});

test('the fetch goes on when all clients have left, and the next one is served by it', async () => {
  const first = new Client('/left');
  await until('the fetch', () => asked.length === 1);
  asked[0]?.socket.write(head('Cache-Control: max-age=3600'));
  asked[0]?.socket.write(BODY.subarray(0, HALF));
  await until('half of the body', () => first.bytes > HALF);
  const second = new Client('/left');
  await until('half of the body', () => second.bytes > HALF);
  first.socket.resetAndDestroy();
  second.socket.destroy();
  await Promise.all([first.ended, second.ended]);
  const third = new Client('/left');
  await until('an answer', () => third.bytes > HALF || asked.length > 1);
  const fetched = asked.at(-1)?.socket;
  if (asked.length > 1)
    fetched?.write(Buffer.concat([Buffer.from(head('Cache-Control: max-age=9')), BODY]));
  else fetched?.write(BODY.subarray(HALF));
  await third.ended;
  assert.deepEqual(third.outcome(), WHOLE);
});

test('what ends behind a client that had its part does not answer the next request', async () => {
  const first = new Client('/part', true, 'Range: bytes=0-3\r\n');
  await until('the fetch', () => asked.length === 1);
  asked[0]?.socket.write(head('Cache-Control: max-age=3600'));
  asked[0]?.socket.write(BODY.subarray(0, HALF));
  await first.ended;
  assert.equal(first.outcome()[0], 206);
  const others = await gather('/other', 20);
  await until('the fetch of the others', () => asked.length === 2);
  asked[0]?.socket.write(BODY.subarray(HALF));
  // Behind this the first body has come whole.
  const late = new Client('/part');
  await late.ended;
  assert.deepEqual(late.outcome(), WHOLE);
  const other = Buffer.alloc(BODY.length, 'o');
  asked[1]?.socket.write(head('Cache-Control: max-age=3600'));
  asked[1]?.socket.write(other);
  await Promise.all(others.map(({ ended }) => ended));
  const wanted = [200, createHash('sha256').update(other).digest('hex'), true].join();
  assert.equal(others.filter((client) => client.outcome().join() === wanted).length, 20);
});

test('a client that does not read does not hold up the others', async () => {
  const stalled = new Client('/stalled', false);
  await until('the fetch', () => asked.length === 1);
  // More than sockets take on their way, so that the one that does not read is behind.
  const copies = 200;
  const length = `Content-Length: ${BODY.length * copies}`;
  asked[0]?.socket.write(
    head('Cache-Control: max-age=3600').replace(/Content-Length: \d+/, length),
  );
  const others = await gather('/stalled', 20);
  for (let i = 0; i < copies; i++) asked[0]?.socket.write(BODY);
  await Promise.all(others.map(({ ended }) => ended));
  const hash = createHash('sha256');
  for (let i = 0; i < copies; i++) hash.update(BODY);
  const wanted = [200, hash.digest('hex'), true].join();
  assert.equal(others.filter((client) => client.outcome().join() === wanted).length, 20);
  assert.equal(asked.length, 1);
  stalled.socket.destroy();
});

test('a body that is too long to be stored reaches clients that read slowly as it came', async () => {
  await cache?.stop();
  const { port } = origin.address() as AddressInfo;
  cache = await startPlinthCache(port, { cache: '  object_max: 1mb' });
  const pieces = Array.from({ length: 400 }, (_, i) => Buffer.alloc(BODY.length, `piece ${i},`));
  const clients = [new Client('/long'), new Client('/long', false), new Client('/long', false)];
  await until('the fetch', () => asked.length === 1);
  await sleep(200);
  // Nobody knows how long it will be: it is collected until it is too long.
  asked[0]?.socket.write(
    head('Cache-Control: max-age=3600').replace(
      /Content-Length: \d+/,
      'Transfer-Encoding: chunked',
    ),
  );
  const hash = createHash('sha256');
  for (const [i, piece] of pieces.entries()) {
    hash.update(piece);
    const chunk = [Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')];
    if (asked[0]?.socket.write(Buffer.concat(chunk)) === false) {
      // Held up by those who do not read: each takes a little now and then.
      for (const client of clients) client.readOn(i % 2 === 0);
      await sleep(5);
    }
  }
  asked[0]?.socket.write('0\r\n\r\n');
  for (const client of clients) client.readOn(true);
  await Promise.all(clients.map(({ ended }) => ended));
  const wanted = [200, hash.digest('hex'), true].join();
  assert.deepEqual(
    clients.map((client) => client.outcome().join() === wanted),
    [true, true, true],
  );
});

test('an origin that dies within the body leaves nobody with a whole response, and nothing stored', async () => {
  const all = await gather('/dies', 100);
  await until('the fetch', () => asked.length === 1);
  asked[0]?.socket.write(head('Cache-Control: max-age=3600'));
  asked[0]?.socket.write(BODY.subarray(0, HALF));
  await until('half of the body at all', () => all.every(({ bytes }) => bytes > HALF));
  asked[0]?.socket.destroy();
  await Promise.all(all.map(({ ended }) => ended));
  assert.equal(all.filter((client) => client.outcome()[2]).length, 0);
  const late = new Client('/dies');
  await until('another fetch', () => asked.length === 2);
  asked[1]?.socket.write(head('Cache-Control: max-age=3600'));
  asked[1]?.socket.write(BODY);
  await late.ended;
  assert.deepEqual(late.outcome(), WHOLE);
});

test('those who waited for what may not be shared are fetched for all at once, and the next ones too', async () => {
  const all = await gather('/private', 50);
  await until('the fetch', () => asked.length > 0);
  const answer = Buffer.concat([Buffer.from(head('Cache-Control: no-store')), BODY]);
  asked[0]?.socket.write(answer);
  // Nobody is answered before all the others ask: one behind the other they would wait for ever.
  await until('all others to ask', () => asked.length === 50);
  for (const { socket } of asked.slice(1)) socket.write(answer);
  await Promise.all(all.map(({ ended }) => ended));
  assert.equal(right(all), 50);
  const next = await gather('/private', 50);
  await until('all of the next to ask', () => asked.length === 100);
  for (const { socket } of asked.slice(50)) socket.write(answer);
  await Promise.all(next.map(({ ended }) => ended));
  assert.equal(right(next), 50);
});
