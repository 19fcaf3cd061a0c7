import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  clock,
  IDENTITY,
  random,
  TransferWorld,
} from '../../../tests/support/files/transfer-world.ts';
import { waitUntil } from '../../../tests/support/process.ts';
import { silentLogger } from '../../core/observe/index.ts';
import { createSimClock, createSimRandom, SimDisk } from '../../core/runtime/sim/index.ts';
import type { BlockName } from '../blocks/format.ts';
import { ClusterState, type Wanted } from '../cluster/index.ts';
import { ControlClient } from '../datanode/control-client.ts';
import { FrameType } from '../transfer/frames.ts';
import { Role } from '../transfer/handshake.ts';
import { openLink } from '../transfer/link-pool.ts';
import type { ReportedReplica, StoredReplica } from '../transfer/messages.ts';
import { ControlServer } from './control-server.ts';
import { KnownNodes } from './known-nodes.ts';
import { lookupOf } from './wanted.ts';

const CREDENTIALS = { secret: 'secret', identity: IDENTITY };
const DISK = { id: 'd', state: 'open' as const, freeBytes: 1e9, totalBytes: 2e9 };

class ControlWorld {
  readonly wanted = new Map<number, Wanted>();
  readonly held = new Set<number>();
  readonly orphans: { node: string; names: readonly BlockName[] }[] = [];
  readonly cluster: ClusterState;
  readonly transfer: TransferWorld;
  readonly server: ControlServer;
  readonly clients: ControlClient[] = [];
  address = '';

  constructor(transfer: TransferWorld, safeModeMs: number) {
    this.cluster = new ClusterState({
      random,
      startedMs: clock.monotonicMs(),
      orphansBelow: Number.MAX_SAFE_INTEGER,
      expectedNodes: ['another'],
      safeModeMs,
    });
    this.transfer = transfer;
    const disk = new SimDisk(createSimClock(), createSimRandom(1));
    disk.mkdirSync('/name');
    this.server = new ControlServer({
      ...{ cluster: this.cluster, clock, random, logger: silentLogger() },
      known: KnownNodes.open(disk, '/name'),
      credentials: CREDENTIALS,
      lookup: (blocks) =>
        lookupOf(
          {
            block: async (block) => {
              const found = this.wanted.get(block);
              return found === undefined ? null : { ...found, references: 1 };
            },
            isWritten: (block) => this.held.has(block),
          },
          blocks,
        ),
      onOrphans: (node, names) => this.orphans.push({ node, names }),
    });
  }

  join(
    id: string,
    pages: (above: number, max: number) => ReportedReplica[],
    secret = 'secret',
  ): ControlClient {
    const client = new ControlClient({
      ...{ clock, random, logger: silentLogger(), dial: this.transfer.network.dial },
      address: this.address,
      credentials: () => ({ secret, identity: IDENTITY }),
      joined: async () => ({ id, address: `127.0.0.1:${id.length}`, rack: 'r', disks: [DISK] }),
      beat: () => ({ transfers: 0, disks: [DISK] }),
      page: async (above, max) => pages(above, max),
    });
    this.clients.push(client);
    client.start();
    return client;
  }
}

async function within(work: (world: ControlWorld) => Promise<void>, safeModeMs = 0): Promise<void> {
  const transfer = await TransferWorld.start(0);
  const world = new ControlWorld(transfer, safeModeMs);
  try {
    const port = await world.server.listen(transfer.network, { host: '127.0.0.1', port: 0 });
    world.address = `127.0.0.1:${port}`;
    world.cluster.tick(clock.monotonicMs());
    await work(world);
  } finally {
    for (const client of world.clients) await client.stop();
    await world.server.close();
    await transfer.stop();
  }
}

/** Blocks 1 .. count, as a node has them. */
function holding(count: number): (above: number, max: number) => StoredReplica[] {
  return (above, max) =>
    Array.from({ length: Math.min(max, Math.max(0, count - above)) }, (_, nth) => ({
      block: above + nth + 1,
      stamp: 1,
      length: 10,
    }));
}

test('a node reports all it has, page by page, and what nobody names or writes is an orphan', async () => {
  await within(async (world) => {
    for (let block = 1; block <= 5000; block++) {
      if (block % 1000 === 0) continue;
      world.wanted.set(block, { block, stamp: 1, length: 10, replication: 1 });
    }
    world.held.add(2000);
    const client = world.join('a1', holding(5000));
    await waitUntil('the report', () => client.state === 'reported');
    const { cluster } = world;
    assert.deepEqual(cluster.replicas(1, 1), ['a1']);
    assert.deepEqual(cluster.replicas(4999, 1), ['a1']);
    const orphans = world.orphans.flatMap(({ names }) => names.map(({ block }) => block));
    const planned = cluster.plan(clock.monotonicMs()).map(({ block }) => block);
    assert.deepEqual([...new Set([...orphans, ...planned])].toSorted(), [1000, 3000, 4000, 5000]);
  });
});

test('a node that had blocks without a name in safe mode tells of all again when that is over', async () => {
  await within(async (world) => {
    const { cluster } = world;
    const client = world.join('a1', holding(3));
    await waitUntil('the report', () => client.state === 'reported');
    const named = () => world.orphans.flatMap(({ names }) => names.map(({ block }) => block));
    assert.deepEqual(named(), []);
    assert.ok(cluster.isSafeMode);
    world.wanted.set(2, { block: 2, stamp: 1, length: 10, replication: 1 });
    cluster.tick(clock.monotonicMs() + 60_000);
    await waitUntil('the next report', () => named().length > 0);
    assert.deepEqual(named(), [1, 3]);
    assert.deepEqual(cluster.replicas(2, 1), ['a1']);
  }, 60_000);
});

test('what changes is told: received, removed, damaged', async () => {
  await within(async (world) => {
    const { cluster } = world;
    const one = { block: 1, stamp: 1, length: 10 };
    world.wanted.set(1, { ...one, replication: 1 });
    const client = world.join('a1', holding(0));
    await waitUntil('the report', () => client.state === 'reported');
    client.changed({ kind: 'received', ...one });
    await waitUntil('the replica', () => cluster.replicas(1, 1).length === 1);
    client.changed({ kind: 'corrupt', ...one });
    await waitUntil('the damage', () => cluster.replicas(1, 1).length === 0);
    client.changed({ kind: 'removed', ...one });
    client.changed({ kind: 'received', ...one });
    await waitUntil('the replica again', () => cluster.replicas(1, 1).length === 1);
  });
});

test('a damaged replica that its node has read whole counts again at once', async () => {
  await within(async (world) => {
    const { cluster } = world;
    const one = { block: 1, stamp: 1, length: 10 };
    world.wanted.set(1, { ...one, replication: 1 });
    const client = world.join('a1', (above) => (above < 1 ? [{ ...one, isCorrupt: true }] : []));
    await waitUntil('the report', () => client.state === 'reported');
    assert.deepEqual(cluster.replicas(1, 1), []);
    client.changed({ kind: 'whole', ...one });
    await waitUntil('the replica', () => cluster.replicas(1, 1).length === 1);
  });
});

test('a node that connects anew takes the place of its connection before', async () => {
  await within(async (world) => {
    const first = world.join('a1', holding(0));
    await waitUntil('the first', () => first.state === 'reported');
    const second = world.join('a1', holding(0));
    await waitUntil('the second', () => second.state === 'reported');
    await first.stop();
    const [node] = world.cluster.status(clock.monotonicMs()).nodes;
    assert.equal(node?.state, 'live');
  });
});

test('who does not know the secret does not become a node', async () => {
  await within(async (world) => {
    const client = world.join('a1', holding(0), 'another');
    await waitUntil('the refusal', () => client.state === 'refused');
    assert.deepEqual(world.cluster.status(clock.monotonicMs()).nodes, []);
  });
});

test('absurd numbers are taken for what they are', async () => {
  await within(async (world) => {
    const { cluster } = world;
    const most = Number.MAX_SAFE_INTEGER;
    const absurd = [
      { block: 1, stamp: most, length: 10 },
      { block: 2, stamp: 1, length: most },
      { block: most, stamp: most, length: most },
    ];
    for (const block of [1, 2])
      world.wanted.set(block, { block, stamp: 1, length: 10, replication: 0 });
    const client = world.join('a1', (above) => absurd.filter(({ block }) => block > above));
    await waitUntil('the report', () => client.state === 'reported');
    for (const replica of absurd) {
      for (const kind of ['received', 'corrupt', 'removed'] as const) {
        client.changed({ kind, ...replica });
      }
    }
    client.changed({ kind: 'received', block: 2, stamp: 1, length: 10 });
    await waitUntil('the replica', () => cluster.replicas(2, 1).length === 1);
    assert.deepEqual(cluster.replicas(1, 1), []);
    cluster.tick(clock.monotonicMs());
    cluster.plan(clock.monotonicMs());
    assert.equal(client.state, 'reported');
  });
});

test('a friend who talks nonsense is closed, and changes nothing for the others', async () => {
  await within(async (world) => {
    const { network } = world.transfer;
    const client = world.join('a1', holding(0));
    await waitUntil('the report', () => client.state === 'reported');
    const types = [FrameType.register, FrameType.beat, FrameType.report, FrameType.changes];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...types),
        fc.uint8Array({ minLength: 4, maxLength: 100 }),
        async (type, bytes) => {
          const options = { dial: network.dial, clock, random, credentials: () => CREDENTIALS };
          const { link } = await openLink(world.address, Role.control, options);
          await link.send(type, 1, [Buffer.from(bytes)]);
          // Answered with OK, should it make sense by chance; else closed.
          await Promise.resolve(link.next(3000)).catch(() => {});
          link.close();
        },
      ),
      { numRuns: 40 },
    );
    assert.equal(client.state, 'reported');
  });
});
