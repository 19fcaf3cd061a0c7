import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  clock,
  collect,
  contentOf,
  type TestNode,
  TransferWorld,
} from '../../../tests/support/files/transfer-world.ts';
import { silentLogger } from '../../core/observe/index.ts';
import type { Clock } from '../../core/runtime/index.ts';
import type { Cluster } from '../cluster/index.ts';
import { readReplicas } from './read-replicas.ts';

const NAME = { block: 1, stamp: 1 };
const data = contentOf(6_000_000);

/** A clock on which waiting takes no time. */
const hasty: Clock = {
  ...clock,
  setTimer: (ms, run) => clock.setTimer(ms / 100, run),
};

interface Told {
  readonly world: TransferWorld;
  readonly corrupt: string[];
  readonly removed: string[];
  read(from?: number, to?: number): AsyncGenerator<Buffer, void, undefined>;
}

/** Nodes that all have the block, asked in their order. */
async function within(nodes: number, work: (told: Told) => Promise<void>): Promise<void> {
  const world = await TransferWorld.start(nodes);
  const store = await world.openStore('local');
  const bad = new Set<string>();
  const corrupt: string[] = [];
  const removed: string[] = [];
  const cluster: Pick<Cluster, 'replicas' | 'address' | 'corrupt' | 'removed' | 'isSafeMode'> = {
    isSafeMode: false,
    replicas: () => world.nodes.map(({ id }) => id).filter((id) => !bad.has(id)),
    address: (id) => world.nodes.find((node) => node.id === id)?.address,
    corrupt: (id) => {
      corrupt.push(id);
      bad.add(id);
    },
    removed: (id) => {
      removed.push(id);
      bad.add(id);
    },
  };
  let nowMs = 0;
  const skipping: Clock = { ...hasty, monotonicMs: () => (nowMs += 10) };
  try {
    for (const node of world.nodes) await keep(node);
    const readers = {
      ...{ store, client: world.client, clock: skipping, logger: silentLogger(), local: 'local' },
      cluster: cluster as Cluster,
    };
    const read = (from = 0, to = data.length) => readReplicas(readers, { ...NAME, from, to });
    await work({ world, corrupt, removed, read });
  } finally {
    await world.stop();
    await store.close();
  }
}

async function keep({ store }: TestNode): Promise<void> {
  const writer = await store.begin(NAME, data.length);
  await writer.write(data);
  await writer.finish();
}

function damage({ folder }: TestNode, at: number): void {
  const path = join(folder, 'blocks', '01', readdirSync(join(folder, 'blocks', '01'))[0]!);
  const bytes = readFileSync(path);
  bytes[at]! ^= 1;
  writeFileSync(path, bytes);
}

test('a node that goes in mid-read is followed by the next one, from where it stopped', async () => {
  await within(2, async ({ world, read }) => {
    const pieces: Buffer[] = [];
    for await (const piece of read(1)) {
      if (pieces.length === 0) await world.nodes[0]!.stop();
      pieces.push(Buffer.from(piece));
    }
    assert.ok(Buffer.concat(pieces).equals(data.subarray(1)));
  });
});

test('a damaged chunk in the middle is told and read from another one', async () => {
  await within(2, async ({ world, corrupt, read }) => {
    damage(world.nodes[0]!, 3_000_000);
    assert.ok((await collect(read())).equals(data));
    assert.deepEqual(corrupt, ['n0']);
  });
});

test('a replica that is not there is told, and the next one asked', async () => {
  await within(2, async ({ world, removed, read }) => {
    await world.nodes[0]!.store.delete([NAME]);
    assert.ok((await collect(read())).equals(data));
    assert.deepEqual(removed, ['n0']);
  });
});

test('when all are damaged it fails as damaged, when none is reached as not reached', async () => {
  await within(2, async ({ world, read }) => {
    for (const node of world.nodes) damage(node, 100);
    await assert.rejects(collect(read()), { code: 'corrupt' });
  });
  await within(1, async ({ world, read }) => {
    await world.nodes[0]!.stop();
    await assert.rejects(collect(read()), { code: 'no-replica' });
  });
});

test('a reader that leaves early leaves nothing running', async () => {
  await within(1, async ({ world, read }) => {
    for await (const piece of read()) {
      assert.ok(piece.length > 0);
      break;
    }
    assert.ok((await collect(read(5, 10))).equals(data.subarray(5, 10)));
    const { server } = world.nodes[0]!;
    for (let tries = 0; server.transfers > 0 && tries < 200; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.equal(server.transfers, 0);
  });
});
