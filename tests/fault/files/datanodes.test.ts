/**
 * A NameNode and four DataNodes on two racks, under load, whose processes are killed, stopped and damaged: what was
 * acknowledged is there byte by byte, and becomes whole again by itself. At length: tests/soak/files.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { FilesCluster, Writers } from './cluster.ts';
import { flip, isWhole } from './random-faults.ts';

const RACKS = ['a', 'a', 'b', 'b'];
const written = new Map<string, string>();
let cluster: FilesCluster;

before(async () => {
  cluster = await FilesCluster.start(RACKS);
});

after(async () => {
  await cluster?.stop();
});

async function checkAll(): Promise<void> {
  const paths = [...written.keys()];
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      for (let path = paths.pop(); path !== undefined; path = paths.pop()) {
        const met = await cluster.hashOf(path);
        assert.equal(met, written.get(path), `${path}\n${met.length < 64 ? '' : cluster.output()}`);
      }
    }),
  );
}

async function underLoad(name: string, work: () => Promise<void>): Promise<Writers> {
  const writers = new Writers(cluster, name, 2);
  try {
    await wait(500);
    await work();
    await wait(500);
  } finally {
    await writers.stop();
  }
  for (const [path, is] of writers.acknowledged) written.set(path, is);
  assert.ok(writers.acknowledged.size > 0, `something was acknowledged\n${cluster.output()}`);
  return writers;
}

test('kill -9 of DataNodes under load: no write is refused, nothing is lost, and it becomes whole again', async () => {
  const { refused } = await underLoad('nodes', async () => {
    await cluster.killNode(0);
    await wait(500);
    cluster.restartNode(0);
    await cluster.until('the first to be back', ({ nodesLive }) => nodesLive === 5);
    await cluster.killNode(2);
  });
  assert.deepEqual(refused, []);
  await checkAll();
  // It stays away: the others make up for it.
  await cluster.until('it to be dead', ({ nodesDead }) => nodesDead === 1);
  await cluster.until('all to be whole on three', isWhole);
  cluster.restartNode(2);
  await cluster.until('all four', (facts) => facts.nodesLive === 5 && isWhole(facts));
});

test('kill -9 of the NameNode under load: nothing acknowledged is lost, and it goes on', async () => {
  const { acknowledged } = await underLoad('name', async () => {
    await cluster.killName();
    await cluster.restartName();
    await cluster.until('the end of safe mode', ({ safeMode }) => safeMode === false);
    await wait(300);
  });
  assert.ok(acknowledged.size > 0);
  await cluster.until('all to be whole', isWhole);
  await checkAll();
});

test('a DataNode that says nothing any more holds nobody up for long', async () => {
  const { refused } = await underLoad('silent', async () => {
    cluster.signalNode(1, 'SIGSTOP');
    await wait(3500);
    cluster.signalNode(1, 'SIGCONT');
  });
  assert.deepEqual(refused, []);
  await cluster.until('all to be whole', (facts) => facts.nodesLive === 5 && isWhole(facts));
  await checkAll();
});

test('one of two racks lost: everything can be read', async () => {
  await cluster.until('all to be whole', isWhole);
  await cluster.killNode(2);
  await cluster.killNode(3);
  await checkAll();
  cluster.restartNode(2);
  cluster.restartNode(3);
});

test('damaged bytes on a disk are never served, and are made good from other replicas', async () => {
  // Without these replicas all must be there: what is damaged and not found yet may be the last.
  await cluster.until('all to be whole', (facts) => facts.nodesLive === 5 && isWhole(facts));
  const paths = cluster.blockFiles(0);
  const large = paths.filter((path) => path.endsWith('.blk')).slice(0, 20);
  for (const path of large) flip(path, 5000);
  for (const path of paths.filter((each) => each.endsWith('.pack'))) flip(path, 1000);
  assert.ok(large.length > 0);
  // Whoever reads meets some of them; which replica is read is chance.
  for (let round = 0; round < 2; round++) await checkAll();
  await cluster.until('all to be whole', isWhole);
  await checkAll();
});
