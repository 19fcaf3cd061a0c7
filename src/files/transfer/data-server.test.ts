import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { collect, contentOf, TransferWorld } from '../../../tests/support/files/transfer-world.ts';
import { FilesError } from '../errors.ts';
import { FrameType, frameHead } from './frames.ts';

async function within(nodes: number, work: (world: TransferWorld) => Promise<void>): Promise<void> {
  const world = await TransferWorld.start(nodes);
  try {
    await work(world);
  } finally {
    await world.stop();
  }
}

/** Sends bytes; what came back until the other end closed. */
function exchange(address: string, bytes: Buffer): Promise<Buffer> {
  const [host, port] = address.split(':');
  return new Promise((resolve) => {
    const answer: Buffer[] = [];
    const socket = connect(Number(port), host, () => socket.end(bytes));
    socket.on('data', (chunk) => answer.push(Buffer.from(chunk)));
    socket.on('error', () => {});
    socket.on('close', () => resolve(Buffer.concat(answer)));
  });
}

test('small blocks are put, read in ranges, copied on and deleted', async () => {
  await within(2, async ({ client, nodes }) => {
    const [a, b] = nodes;
    const data = contentOf(200_000);
    const name = { block: 5, stamp: 1 };
    await client.put(a!.address, name, data);
    assert.deepEqual(a!.stored, [{ ...name, length: data.length }]);
    for (const [from, to] of [
      [0, 200_000],
      [65_530, 65_540],
      [1, 199_999],
      [7, 7],
    ] as const) {
      const got = await collect(client.read(a!.address, { ...name, from, to }));
      assert.ok(got.equals(data.subarray(from, to)), `${from} to ${to}`);
    }
    await client.copy(a!.address, { ...name, length: data.length, address: b!.address }, 5000);
    const copied = await collect(client.read(b!.address, { ...name, from: 0, to: data.length }));
    assert.ok(copied.equals(data));
    await client.delete(a!.address, [name]);
    const gone = collect(client.read(a!.address, { ...name, from: 0, to: 1 }));
    await assert.rejects(gone, { code: 'missing' });
    const stale = collect(client.read(b!.address, { block: 5, stamp: 2, from: 0, to: 1 }));
    await assert.rejects(stale, { code: 'missing' });
  });
});

test('large blocks are copied on, and one that is there already is told', async () => {
  await within(2, async ({ client, nodes }) => {
    const [a, b] = nodes;
    const data = contentOf(3_000_001);
    const name = { block: 6, stamp: 4 };
    const writer = await a!.store.begin(name, data.length);
    await writer.write(data);
    await writer.finish();
    const copy = { ...name, length: data.length, address: b!.address };
    await client.copy(a!.address, copy, 10_000);
    const got = await collect(client.read(b!.address, { ...name, from: 0, to: data.length }));
    assert.ok(got.equals(data));
    await assert.rejects(client.copy(a!.address, copy, 10_000), { code: 'exists' });
  });
});

test('a damaged chunk is never served, and told', async () => {
  await within(1, async ({ client, nodes }) => {
    const [node] = nodes;
    const data = contentOf(300_000);
    await client.put(node!.address, { block: 1, stamp: 1 }, data);
    const pack = readdirSync(join(node!.folder, 'packs'))[0]!;
    const path = join(node!.folder, 'packs', pack);
    const bytes = readFileSync(path);
    bytes[150_000]! ^= 1;
    writeFileSync(path, bytes);
    const reading = collect(
      client.read(node!.address, { block: 1, stamp: 1, from: 0, to: 300_000 }),
    );
    await assert.rejects(reading, { code: 'corrupt' });
    assert.equal(node!.corrupt.length, 1);
  });
});

test('who does not know the secret, or is of another file system, gets nothing', async () => {
  await within(1, async (world) => {
    const [node] = world.nodes;
    const name = { block: 1, stamp: 1 };
    const wrong = world.makeClient('another secret');
    await assert.rejects(wrong.put(node!.address, name, contentOf(10)), { code: 'untrusted' });
    const foreign = world.makeClient('secret', 'fedcba9876543210');
    await assert.rejects(foreign.put(node!.address, name, contentOf(10)), { code: 'foreign' });
    // Without a greeting at all.
    const put = frameHead(FrameType.put, 1, 20);
    assert.equal((await exchange(node!.address, Buffer.concat([put, Buffer.alloc(20)]))).length, 0);
    assert.equal(node!.stored.length, 0);
    assert.equal(await node!.store.find(1), null);
  });
});

test('whatever bytes come, the connection ends, and others are served on', async () => {
  await within(1, async ({ client, nodes }) => {
    const [node] = nodes;
    const name = { block: 1, stamp: 1 };
    await client.put(node!.address, name, contentOf(1000));
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
        await exchange(node!.address, Buffer.from(bytes));
      }),
      { numRuns: 60 },
    );
    const got = await collect(client.read(node!.address, { ...name, from: 0, to: 1000 }));
    assert.ok(got.equals(contentOf(1000)));
    assert.equal(node!.server.transfers, 0);
  });
});

test('frames that have no place in their state end the connection and leave nothing behind', async () => {
  await within(1, async ({ client, nodes }) => {
    const [node] = nodes;
    const request = { block: 9, stamp: 1, bytesMax: 1 << 20, rest: [] };
    const write = await client.write(node!.address, request);
    // Out of order: the second piece first.
    await write.send(65_536, 10, [Buffer.alloc(14)]);
    await assert.rejects(write.end(10), FilesError);
    await client
      .settle(node!.address, { block: 9, stamp: 1, nextStamp: 2, length: 0 })
      .catch(() => {});
    assert.equal(await node!.store.find(9), null);
    assert.deepEqual(node!.stored, []);
  });
});

test('connections beyond the limit are closed, and those inside it go on', async () => {
  await within(0, async (world) => {
    const node = await world.addNode(2);
    const first = await world.client.write(node.address, {
      block: 1,
      stamp: 1,
      bytesMax: 9,
      rest: [],
    });
    const second = await world.client.write(node.address, {
      block: 2,
      stamp: 1,
      bytesMax: 9,
      rest: [],
    });
    const third = world.client.put(node.address, { block: 3, stamp: 1 }, contentOf(9));
    await assert.rejects(third, { code: 'node-gone' });
    first.abort();
    second.abort();
  });
});
