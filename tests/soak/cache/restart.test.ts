/**
 * The whole program with 1,000,000 responses on its disk, or `PLINTH_SOAK_OBJECTS`, ends in order and by kill -9: started
 * again it serves hits within 5 s, each with the bytes that were stored, while there is no origin.
 */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { after, test } from 'node:test';
import { type CacheServer, startPlinthCache } from '../../support/origin/cache-servers.ts';

const objects = Number(process.env.PLINTH_SOAK_OBJECTS ?? 1_000_000);
const LANES = 16;
const SAMPLE = 2000;
const HIT_WITHIN_MS = 5000;
const BODY_BYTES = 1024;
const HEAD_END = Buffer.from('\r\n\r\n');

/** What is under a path, for ever. */
function bodyOf(path: string): string {
  return `${path} `.repeat(Math.ceil(BODY_BYTES / (path.length + 1))).slice(0, BODY_BYTES);
}

async function listening(): Promise<Server> {
  const server = createServer((request, response) => {
    const fields = { 'cache-control': 'max-age=86400', 'content-length': BODY_BYTES };
    response.writeHead(200, fields).end(bodyOf(request.url ?? ''));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

interface Answered {
  readonly hits: number;
  readonly others: number;
}

/** Asks for each path once. @throws when the body of a 200 is not the one of its path. */
async function askAll(port: number, paths: Iterator<string>): Promise<Answered> {
  let hits = 0;
  let others = 0;
  const lane = (): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let path = '';
    let bytes: Buffer = Buffer.alloc(0);
    const ask = (): void => {
      const next = paths.next();
      if (next.done === true) {
        resolve();
        socket.destroy();
        return;
      }
      path = next.value;
      socket.write(`GET ${path} HTTP/1.1\r\nHost: soak.example\r\n\r\n`);
    };
    socket.on('connect', ask);
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`closed while ${path} was asked for`)));
    socket.on('data', (piece: Buffer) => {
      bytes = bytes.length === 0 ? piece : Buffer.concat([bytes, piece]);
      const end = bytes.indexOf(HEAD_END);
      if (end === -1) return;
      const head = bytes.toString('latin1', 0, end);
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1]);
      if (bytes.length < end + 4 + length) return;
      if (head.startsWith('HTTP/1.1 200')) {
        const body = bytes.toString('latin1', end + 4);
        if (body !== bodyOf(path)) reject(new Error(`${path}: ${body.slice(0, 200)}`));
      }
      if (/\r\ncache-status: [^\r]*; hit/i.test(head)) hits++;
      else others++;
      bytes = Buffer.alloc(0);
      ask();
    });
    return promise;
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return { hits, others };
}

function* paths(count: number, stride = 1): Generator<string> {
  for (let i = 0; i < count; i += stride) yield `/object/${i}`;
}

/** Until the first hit, from the start of the process, milliseconds. */
async function firstHitMs(server: CacheServer, path: string): Promise<number> {
  const from = performance.now();
  await server.restart();
  while (performance.now() - from < 10 * HIT_WITHIN_MS) {
    const { hits } = await askAll(server.port, [path].values());
    if (hits === 1) return performance.now() - from;
  }
  throw new Error(`no hit: ${server.child.output()}`);
}

test(`a restart with ${objects} responses on the disk serves hits within ${HIT_WITHIN_MS} ms`, {
  timeout: 900_000,
}, async (context) => {
  const origin = await listening();
  const cache = '  memory: 256mb\n  disk: { size: 8gb }';
  const server = await startPlinthCache((origin.address() as AddressInfo).port, { cache });
  after(() => server.stop());
  await askAll(server.port, paths(objects));
  origin.closeAllConnections();
  await new Promise((resolve) => origin.close(resolve));

  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    server.child.process.kill(signal);
    await server.child.exited;
    const ms = await firstHitMs(server, '/object/7');
    const { hits, others } = await askAll(server.port, paths(objects, objects / SAMPLE));
    context.diagnostic(
      `${signal}: first hit after ${Math.round(ms)} ms; ${hits} hits, ${others} others`,
    );
    assert.ok(ms < HIT_WITHIN_MS, `${ms} ms behind ${signal}`);
    assert.ok(hits >= 0.95 * SAMPLE, `${hits} of ${SAMPLE} behind ${signal}`);
  }
});
