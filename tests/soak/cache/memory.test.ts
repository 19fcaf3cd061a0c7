/**
 * Whatever sizes come, and one behind the other, the process stays within `cache.memory` and a constant: for 4 minutes, or
 * `PLINTH_SOAK_MINUTES`, each mix of sizes as long as the others, with and without a disk.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Agent, createServer, get, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createSimRandom } from '../../../src/core/runtime/sim/index.ts';
import { startPlinthCache } from '../../support/origin/cache-servers.ts';

const minutes = Number(process.env.PLINTH_SOAK_MINUTES ?? 4);
const seed = Number(process.env.PLINTH_SOAK_SEED ?? Date.now() % 1_000_000);
const MEBIBYTE = 1024 * 1024;
const MEMORY_BYTES = 128 * MEBIBYTE;
/** What the program takes beside what it stores: code, connections, garbage that is not collected yet. */
const CONSTANT_BYTES = 384 * MEBIBYTE;
const LANES = 24;

/** Bounds of sizes, bytes. */
const MIXES: readonly (readonly [number, number])[] = [
  [1, 200],
  [900, 1100],
  [1, 2_000_000],
  [16_000, 17_000],
  [300_000, 400_000],
  [1, 20_000],
  [4_000_000, 6_000_000],
  [1, 300],
];

async function listening(): Promise<Server> {
  const bytes = Buffer.alloc(8 * MEBIBYTE, 'plinth');
  const server = createServer((request, response) => {
    const size = Number(request.url?.split('/')[1]);
    const fields = { 'cache-control': 'max-age=3600', 'content-length': size };
    response.writeHead(200, fields).end(bytes.subarray(0, size));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
}

for (const [title, disk] of [
  ['in memory', ''],
  ['with a disk behind it', '\n  disk: { size: 256mb }'],
] as const) {
  test(`the cache stays within its memory and a constant whatever sizes come, ${title}`, {
    timeout: minutes * 60_000 + 60_000,
  }, async (context) => {
    context.diagnostic(`seed ${seed}`);
    const random = createSimRandom(seed);
    const origin = await listening();
    const cache = `  memory: ${MEMORY_BYTES / MEBIBYTE}mb${disk}`;
    const server = await startPlinthCache((origin.address() as AddressInfo).port, { cache });
    const agent = new Agent({ keepAlive: true, maxSockets: LANES });
    const start = residentBytes(server.child.pid);
    let answers = 0;
    let most = 0;
    try {
      for (const [least, greatest] of MIXES) {
        const endMs = performance.now() + (minutes * 30_000) / MIXES.length;
        const lane = async (): Promise<void> => {
          while (performance.now() < endMs) {
            const size = least + Math.floor(random.float() ** 2 * (greatest - least));
            const path = `/${size}/${random.u32() % 200_000}`;
            assert.equal(await bytesOf(server.port, path, agent), size, path);
            if (++answers % 50 === 0) most = Math.max(most, residentBytes(server.child.pid));
          }
        };
        await Promise.all(Array.from({ length: LANES }, lane));
        const now = residentBytes(server.child.pid);
        context.diagnostic(`${least} to ${greatest} bytes: ${Math.round(now / MEBIBYTE)} MiB`);
      }
    } finally {
      agent.destroy();
      await server.stop();
      origin.closeAllConnections();
      origin.close();
    }
    const mebibytes = [start, most].map((bytes) => Math.round(bytes / MEBIBYTE));
    context.diagnostic(
      `${answers} answers, ${mebibytes[0]} MiB at the start, ${mebibytes[1]} at most`,
    );
    assert.ok(most <= MEMORY_BYTES + CONSTANT_BYTES, `${mebibytes[1]} MiB`);
  });
}

function bytesOf(port: number, path: string, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    get({ port, path, agent, host: '127.0.0.1' }, (response) => {
      let bytes = 0;
      response.on('data', (piece: Buffer) => {
        bytes += piece.length;
      });
      response.on('end', () => resolve(bytes));
      response.on('error', reject);
    }).on('error', reject);
  });
}
