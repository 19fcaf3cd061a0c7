import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { get, NodesInProcess, put, url } from '../../tests/support/files/nodes-in-process.ts';
import { freePort, waitUntil } from '../../tests/support/process.ts';
import { defaultsOf, Secret } from '../core/config/index.ts';
import type { FilesStatus } from './admin/files-status.ts';
import { filesConfig } from './config/config.ts';
import type { Files } from './system.ts';

type Facts = ReturnType<Files['status']>['facts'];

async function within(work: (place: NodesInProcess) => Promise<void>): Promise<void> {
  const place = new NodesInProcess(await freePort());
  try {
    await work(place);
  } finally {
    await place.end();
  }
}

async function until(files: Files, what: string, holds: (facts: Facts) => boolean): Promise<void> {
  await waitUntil(what, () => holds(files.status().facts));
}

/** What the admin door shows. */
async function statusOf(files: Files): Promise<unknown> {
  const row = files.operations().find(({ path }) => path === '/status');
  const answer = await row!.run({ names: {}, body: undefined });
  assert.ok('body' in answer);
  return answer.body;
}

const small = Buffer.alloc(5000, 'small ');
const large = Buffer.alloc(3_500_000, 'large and larger ');

test('nodes join, keep what is written, tell of themselves, and leave in order', async () => {
  await within(async (place) => {
    const name = await place.nameNode({ local: false }, { replication: 2 });
    const nodes = [await place.dataNode(1, { rack: 'a' }), await place.dataNode(2, { rack: 'b' })];
    await until(name, 'two nodes', ({ nodesLive }) => nodesLive === 3);
    await put(name, '/d/small', small);
    await put(name, '/d/large', large);
    assert.ok((await get(name, '/d/large')).equals(large));
    for (const node of nodes) {
      const { state, facts } = node.status();
      assert.equal(state, 'ready');
      await until(node, 'the report', ({ nameNode }) => nameNode === 'reported');
      assert.equal(facts.disks, 1);
    }
    assert.match(place.metrics.text(), /plinth_files_nodes\{state="live"\} 3/);
    assert.match(place.metrics.text(), /plinth_files_missing_blocks 0/);
    await nodes[0]!.stop();
    assert.ok((await get(name, '/d/small')).equals(small));
    assert.ok((await get(name, '/d/large')).equals(large));
  });
});

test('who has been alone goes on with DataNodes, and gives them what its own disks had', async () => {
  await within(async (place) => {
    const alone = await place.start('name', {});
    await put(alone, '/d/small', small);
    await put(alone, '/d/large', large);
    await alone.stop();
    const name = await place.nameNode({ local: false });
    assert.ok((await get(name, '/d/large')).equals(large));
    await place.dataNode(1);
    // Its own disks are to be empty: what they had is on the DataNode.
    await waitUntil('its own disks to be empty', async () => {
      const text = place.metrics.text();
      return (
        /plinth_files_replicas_copied_total [1-9]/.test(text) &&
        /plinth_files_lacking_replicas 0/.test(text)
      );
    });
    assert.ok((await get(name, '/d/small')).equals(small));
    assert.ok((await get(name, '/d/large')).equals(large));
  });
});

test('a node that stays away is made up for, on the disks of the NameNode too', async () => {
  await within(async (place) => {
    const away = await place.nameNode({ local: false }, { replication: 2 });
    const [first, second] = [await place.dataNode(1), await place.dataNode(2)];
    await until(away, 'two nodes', ({ nodesLive }) => nodesLive === 3);
    await put(away, '/d/small', small);
    await put(away, '/d/large', large);
    await away.stop();
    const name = await place.nameNode({ local: true, deadMs: 2000 });
    await until(name, 'all reports', ({ safeMode, nodesLive }) => !safeMode && nodesLive === 3);
    await second.stop();
    await until(name, 'the end of one', ({ nodesDead }) => nodesDead === 1);
    await until(name, 'all to be whole', ({ lackingReplicas }) => lackingReplicas === 0);
    await first.stop();
    assert.ok((await get(name, '/d/small')).equals(small));
    assert.ok((await get(name, '/d/large')).equals(large));
  });
});

test('a node is emptied while it runs when the settings say so', async () => {
  await within(async (place) => {
    const name = await place.nameNode({ local: false }, { replication: 2 });
    const first = await place.dataNode(1);
    await place.dataNode(2);
    await until(name, 'two nodes', ({ nodesLive }) => nodesLive === 3);
    await put(name, '/d/large', large);
    await place.dataNode(3);
    await until(name, 'three nodes', ({ nodesLive }) => nodesLive === 4);
    const settings = defaultsOf(filesConfig);
    const cluster = {
      ...settings.cluster,
      listen: `127.0.0.1:${place.port}`,
      local: false,
      decommission: [String(first.status().facts.node)],
    };
    (await name.prepare({ ...settings, cluster })).commit();
    await waitUntil('copies', () =>
      /plinth_files_replicas_copied_total [1-9]/.test(place.metrics.text()),
    );
    await until(name, 'all to be whole', ({ lackingReplicas }) => lackingReplicas === 0);
    await first.stop();
    assert.ok((await get(name, '/d/large')).equals(large));
  });
});

test('a write that too few nodes can take is refused as one to be tried again, and succeeds when they are there', async () => {
  await within(async (place) => {
    const name = await place.nameNode({ local: false }, { replication: 3 });
    await place.dataNode(1);
    await until(name, 'one node', ({ nodesLive }) => nodesLive === 2);
    for (const bytes of [small, large]) {
      const answer = await fetch(url(name, '/d/x', 'op=CREATE&data=true'), {
        method: 'PUT',
        body: new Uint8Array(bytes),
      });
      assert.match(await answer.text(), /RetriableException/);
    }
    await place.dataNode(2);
    await until(name, 'two nodes', ({ nodesLive }) => nodesLive === 3);
    await put(name, '/d/x', large);
    assert.ok((await get(name, '/d/x')).equals(large));
  });
});

test('block locations name all hosts of whole replicas, with their racks, and what is damaged or unreachable is told', async () => {
  await within(async (place) => {
    const name = await place.nameNode({ local: false, deadMs: 2000 }, { replication: 2 });
    const nodes = [await place.dataNode(1, { rack: 'a' }), await place.dataNode(2, { rack: '/b' })];
    await until(name, 'two nodes', ({ nodesLive }) => nodesLive === 3);
    await put(name, '/d/large', large);
    const locations = async (query = ''): Promise<Record<string, unknown>[]> => {
      const answer = await fetch(url(name, '/d/large', `op=GETFILEBLOCKLOCATIONS${query}`));
      const { BlockLocations } = (await answer.json()) as {
        BlockLocations: { BlockLocation: Record<string, unknown>[] };
      };
      return BlockLocations.BlockLocation;
    };
    const addresses = nodes.map((node) => {
      const { host, port } = node.status().listening[0]!;
      return `${host}:${port}`;
    });
    const all = await locations();
    assert.deepEqual(
      all.map(({ offset, length }) => [offset, length]),
      [0, 1, 2, 3].map((nth) => [nth << 20, Math.min(1 << 20, large.length - (nth << 20))]),
    );
    for (const { hosts, names, topologyPaths, storageTypes, corrupt } of all) {
      assert.deepEqual(hosts, ['127.0.0.1', '127.0.0.1']);
      assert.deepEqual((names as string[]).toSorted(), addresses.toSorted());
      const paths = [`/a/${addresses[0]}`, `/b/${addresses[1]}`];
      assert.deepEqual((topologyPaths as string[]).toSorted(), paths);
      assert.deepEqual(storageTypes, ['DISK', 'DISK']);
      assert.equal(corrupt, false);
    }
    const part = await locations(`&offset=${1 << 20}&length=10`);
    assert.deepEqual(
      part.map(({ offset }) => offset),
      [1 << 20],
    );
    await nodes[0]!.stop();
    await until(name, 'the end of one', ({ nodesDead }) => nodesDead === 1);
    assert.deepEqual((await locations())[0]!.names, [addresses[1]]);
    await nodes[1]!.stop();
    await until(name, 'the end of both', ({ nodesDead }) => nodesDead === 2);
    assert.deepEqual((await locations())[0]!.names, []);
  });
});

test('a file that is to have more replicas gets them', async () => {
  await within(async (place) => {
    const name = await place.nameNode({ local: false, minReplicas: 1 });
    const nodes = [await place.dataNode(1), await place.dataNode(2)];
    await until(name, 'two nodes', ({ nodesLive, safeMode }) => nodesLive === 3 && !safeMode);
    await put(name, '/d/large', large);
    const replicas = async (): Promise<number> => {
      const { cluster } = (await statusOf(name)) as FilesStatus;
      return cluster!.nodes.reduce((sum, { blocks }) => sum + blocks, 0);
    };
    assert.equal(await replicas(), 4);
    const query = 'op=SETREPLICATION&replication=2';
    const answer = await fetch(url(name, '/d/large', query), { method: 'PUT' });
    assert.deepEqual(await answer.json(), { boolean: true });
    await waitUntil('two of each', async () => (await replicas()) === 8);
    await nodes[0]!.stop();
    assert.ok((await get(name, '/d/large')).equals(large));
  });
});

test('what was deleted while a node and then the NameNode were away goes from its disks when it is back', async () => {
  await within(async (place) => {
    const change = { local: false, namelessMs: 500, minReplicas: 1 };
    const first = await place.nameNode(change, { replication: 2 });
    const nodes = [await place.dataNode(1), await place.dataNode(2)];
    await until(first, 'two nodes', ({ nodesLive }) => nodesLive === 3);
    await put(first, '/d/small', small);
    await put(first, '/d/gone', large);
    await nodes[1]!.stop();
    const answer = await fetch(url(first, '/d/gone', 'op=DELETE'), { method: 'DELETE' });
    assert.deepEqual(await answer.json(), { boolean: true });
    await first.stop();
    const name = await place.nameNode(change, { replication: 2 });
    await place.dataNode(2);
    await until(name, 'all reports', ({ safeMode, nodesLive }) => !safeMode && nodesLive === 3);
    const blocks = (): number =>
      readdirSync(join(place.folder, 'data2/disk/blocks'), {
        recursive: true,
        encoding: 'utf8',
      }).filter((path) => path.endsWith('.blk')).length;
    await waitUntil('them to be gone', () => blocks() === 0);
    assert.ok((await get(name, '/d/small')).equals(small));
    assert.equal(((await statusOf(name)) as FilesStatus).nameless?.reclaimed, 4);
  });
});

test('a node whose port is taken when it joins tries again, and is there once it is free', async () => {
  await within(async (place) => {
    const name = await place.nameNode();
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    const node = await place.dataNode(1, { dataPort: port });
    // Its disks are opened, then it listens.
    await waitUntil('its joining', () => existsSync(join(place.folder, 'data1/disk/disk.json')));
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(name.status().facts.nodesLive, 1);
    await new Promise((resolve) => taken.close(resolve));
    await until(node, 'the report', ({ nameNode }) => nameNode === 'reported');
    assert.equal(name.status().facts.nodesLive, 2);
  });
});

test('a node without the secret stays outside, one of another file system too', async () => {
  await within(async (place) => {
    const secret = new Secret('a long secret that both know');
    const name = await place.nameNode({}, { secret });
    const stranger = await place.dataNode(1);
    await until(stranger, 'the refusal', ({ nameNode }) => nameNode === 'refused');
    const friend = await place.dataNode(2, { secret });
    await until(friend, 'the report', ({ nameNode }) => nameNode === 'reported');
    assert.equal(name.status().facts.nodesLive, 2);
    await friend.stop();
    await name.stop();
    // Another file system on the same port: the friend does not touch its disks for it.
    await place.start('other', {
      secret,
      cluster: { ...defaultsOf(filesConfig).cluster, listen: `127.0.0.1:${place.port}` },
    });
    const again = await place.dataNode(2, { secret });
    await until(again, 'the refusal', ({ nameNode }) => nameNode === 'refused');
  });
});
