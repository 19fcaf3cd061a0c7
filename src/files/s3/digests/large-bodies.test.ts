/** The door with bodies whose digests are made in threads: right ones, wrong ones, clients that go, threads that die. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { test } from 'node:test';
import { ann, type S3Bed, sign, withS3 } from '../../../../tests/support/files/s3-bed.ts';
import type { Thread, ThreadEvents, Threads } from '../../../core/runtime/index.ts';
import { createNodeThreads } from '../../../core/runtime/node/index.ts';
import { createSimRandom } from '../../../core/runtime/sim/index.ts';
import { checksumTable } from '../checksums/algorithms.ts';
import { MemoryStore } from '../testing/memory-store.ts';
import { START_BYTES_MIN, THREADED_BYTES_MIN } from './digest-threads.ts';

const large = createSimRandom(9).bytes(6 * 1024 * 1024 + 17);
const md5 = (encoding: 'hex' | 'base64'): string =>
  createHash('md5').update(large).digest(encoding);

/** Real threads, of which a test can make one end by an error. */
class MortalThreads implements Threads {
  readonly started: Thread[] = [];
  private readonly real = createNodeThreads();

  start(module: URL, events: ThreadEvents): Thread {
    const thread = this.real.start(module, events);
    this.started.push(thread);
    return thread;
  }

  /** By a message that it can not understand. */
  kill(): void {
    for (const thread of this.started) thread.post(null);
  }
}

async function withDocs(
  work: (bed: S3Bed, store: MemoryStore, threads: MortalThreads) => Promise<void>,
): Promise<void> {
  const store = new MemoryStore();
  const threads = new MortalThreads();
  await withS3(
    async (bed) => {
      await bed.ask('PUT', '/docs');
      const body = Buffer.alloc(START_BYTES_MIN);
      assert.equal((await bed.ask('PUT', '/docs/first', { body })).status, 200);
      assert.ok(threads.started.length > 0);
      await work(bed, store, threads);
      await until(() => bed.digests.held.slots === 0 && bed.digests.held.bodies === 0);
      assert.deepEqual([store.openWriters, store.openReads], [0, 0]);
    },
    { store, threads },
  );
}

async function until(done: () => boolean): Promise<void> {
  const endMs = Date.now() + 20_000;
  while (!done()) {
    assert.ok(Date.now() < endMs, 'did not come');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The head of a PUT that threads are started for and the beginning of its body, on a socket of its own. */
function beginPut(bed: S3Bed, bytes: number) {
  const headers: Record<string, string> = {
    host: `127.0.0.1:${bed.port}`,
    'content-length': String(START_BYTES_MIN),
  };
  sign({
    ...{ user: ann, method: 'PUT', path: '/docs/k', query: {}, headers },
    ...{ payload: 'UNSIGNED-PAYLOAD', ms: Date.now() },
  });
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const socket = connect(bed.port, '127.0.0.1');
  socket.on('error', () => {});
  const seen = { text: '' };
  socket.on('data', (piece: Buffer) => {
    seen.text += piece.toString('latin1');
  });
  socket.write(`PUT /docs/k HTTP/1.1\r\n${lines.join('')}\r\n`);
  socket.write(large.subarray(0, bytes));
  return { socket, seen };
}

test('every digest of a large body is made as it should be, and a wrong one is refused', async () => {
  await withDocs(async (bed) => {
    for (const row of checksumTable) {
      const running = row.begin();
      running.update(large);
      const sum = running.digest().toString('base64');
      const put = (checksum: string, contentMd5: string, payload?: string) =>
        bed.ask('PUT', '/docs/k', {
          body: large,
          headers: { [row.header]: checksum, 'content-md5': contentMd5 },
          ...(payload !== undefined && { payload }),
        });
      const done = await put(sum, md5('base64'));
      assert.deepEqual([done.status, done.headers.etag], [200, `"${md5('hex')}"`], row.name);
      assert.equal(done.headers[row.header], sum);
      const zeros = Buffer.alloc(row.bytes).toString('base64');
      assert.equal((await put(zeros, md5('base64'))).code, 'BadDigest');
      assert.equal((await put(sum, Buffer.alloc(16).toString('base64'))).code, 'BadDigest');
      const mismatch = await put(sum, md5('base64'), '0'.repeat(64));
      assert.equal(mismatch.code, 'XAmzContentSHA256Mismatch');
      assert.ok((await bed.ask('GET', '/docs/k')).bytes.equals(large));
    }
    const copied = await bed.ask('PUT', '/docs/copy', {
      headers: { 'x-amz-copy-source': '/docs/k', 'x-amz-checksum-algorithm': 'CRC32C' },
    });
    assert.match(copied.text, new RegExp(`${md5('hex')}.*ChecksumCRC32C`, 's'));
  });
});

test('bodies around the size from which threads make digests have the right ones', async () => {
  await withDocs(async (bed) => {
    for (const size of [-1, 0, 1].map((more) => THREADED_BYTES_MIN + more)) {
      const body = large.subarray(0, size);
      const { headers } = await bed.ask('PUT', '/docs/k', { body });
      assert.equal(headers.etag, `"${createHash('md5').update(body).digest('hex')}"`);
    }
  });
});

test('a client that goes in the middle leaves no slot taken', async () => {
  await withDocs(async (bed) => {
    for (const bytes of [0, 10, 300_000, 4_000_000]) {
      const { socket } = beginPut(bed, bytes);
      await until(() => bed.digests.held.bodies === 1);
      socket.resetAndDestroy();
      await until(() => bed.digests.held.bodies === 0 && bed.digests.held.slots === 0);
    }
    assert.equal((await bed.ask('GET', '/docs/k')).status, 404);
  });
});

test('a thread that dies in mid-body makes an InternalError of it, and the next body is well', async () => {
  await withDocs(async (bed, store, threads) => {
    const { socket, seen } = beginPut(bed, 3_000_000);
    await until(() => bed.digests.held.bodies === 1 && store.openWriters === 1);
    threads.kill();
    await until(() => bed.digests.held.bodies === 0);
    socket.write(large.subarray(3_000_000));
    await until(() => seen.text.includes('</Error>'));
    assert.match(seen.text, /^HTTP\/1\.1 500 .*<Code>InternalError</s);
    socket.destroy();
    assert.equal((await bed.ask('GET', '/docs/k')).status, 404);
    const before = threads.started.length;
    const body = Buffer.concat([large, Buffer.alloc(START_BYTES_MIN)]);
    const done = await bed.ask('PUT', '/docs/k', { body });
    assert.equal(done.headers.etag, `"${createHash('md5').update(body).digest('hex')}"`);
    assert.ok(threads.started.length > before, 'threads were started in their place');
  });
});
