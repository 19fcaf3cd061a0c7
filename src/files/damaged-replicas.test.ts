/** Replicas of DataNodes whose bytes were flipped: found by reads, made good, and remembered. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { get, NodesInProcess, put } from '../../tests/support/files/nodes-in-process.ts';
import { freePort, waitUntil } from '../../tests/support/process.ts';
import type { Files } from './system.ts';

/** Nodes whose disks can be damaged. */
class Place extends NodesInProcess {
  name!: Files;
  private nodes = 0;

  /** @param nodes that store blocks; up to three have a replica of each. */
  async open(nodes: number): Promise<void> {
    this.nodes = nodes;
    this.name = await this.nameNode({ local: false }, { replication: Math.min(3, nodes) });
    for (let nth = 0; nth < nodes; nth++) await this.dataNode(nth);
    await this.until('all nodes', ({ nodesLive }) => nodesLive === nodes + 1);
  }

  /** All processes end and start again. */
  async restart(): Promise<void> {
    await this.stop();
    await this.open(this.nodes);
  }

  async until(
    what: string,
    holds: (facts: ReturnType<Files['status']>['facts']) => boolean,
  ): Promise<void> {
    await waitUntil(what, () => holds(this.name.status().facts));
  }

  put(path: string, bytes: Buffer): Promise<void> {
    return put(this.name, path, bytes);
  }

  get(path: string): Promise<Buffer> {
    return get(this.name, path);
  }

  /** A DataNode that has a large block. */
  holder(): number {
    const nodes = Array.from({ length: this.nodes }, (_, nth) => nth);
    return (
      nodes.find((nth) => this.files(nth).some((path) => path.endsWith('.blk'))) ?? assert.fail()
    );
  }

  /** Files of blocks and containers of a DataNode. */
  files(nth: number): string[] {
    const disk = join(this.folder, `data${nth}`, 'disk');
    return readdirSync(disk, { recursive: true, encoding: 'utf8' })
      .filter((name) => /^(blocks|packs)\//.test(name))
      .map((name) => join(disk, name))
      .filter((path) => statSync(path).isFile());
  }
}

async function within(nodes: number, work: (place: Place) => Promise<void>): Promise<void> {
  const place = new Place(await freePort());
  try {
    await place.open(nodes);
    await work(place);
  } finally {
    await place.end();
  }
}

function flip(path: string): void {
  const bytes = readFileSync(path);
  if (bytes.length <= 5000) return;
  bytes[5000]! ^= 0x10;
  writeFileSync(path, bytes);
}

const small = Buffer.alloc(20_000, 'small ');
const large = Buffer.alloc(3_500_000, 'large and larger ');

/** Reads until somebody has met the damage: which replica is read is chance. */
async function untilFound(place: Place): Promise<void> {
  await waitUntil('the damage to be found', async () => {
    await readAll(place);
    return Number(place.name.status().facts.corruptReplicas) > 0;
  });
}

async function readAll(place: Place): Promise<void> {
  assert.ok((await place.get('/d/small')).equals(small));
  assert.ok((await place.get('/d/large')).equals(large));
}

async function write(place: Place): Promise<void> {
  await place.put('/d/small', small);
  await place.put('/d/large', large);
  await place.until('all to be whole', ({ lackingReplicas, safeMode }) => {
    return lackingReplicas === 0 && safeMode === false;
  });
}

for (const nodes of [3, 4]) {
  test(`damaged replicas are made good with ${nodes} nodes and 3 replicas`, async () => {
    await within(nodes, async (place) => {
      await write(place);
      for (const path of place.files(place.holder())) flip(path);
      await untilFound(place);
      await place.until('all to be made good', ({ corruptReplicas, lackingReplicas }) => {
        return corruptReplicas === 0 && lackingReplicas === 0;
      });
      for (let round = 0; round < 3; round++) await readAll(place);
    });
  });
}

test('a DataNode that starts again tells of the damage that was met before, and the last replica stays', async () => {
  await within(1, async (place) => {
    await write(place);
    for (const path of place.files(0)) flip(path);
    const isLost = async (path: string): Promise<boolean> =>
      await place.get(path).then(
        () => false,
        () => true,
      );
    assert.ok(await isLost('/d/small'));
    assert.ok(await isLost('/d/large'));
    const { corruptReplicas } = place.name.status().facts;
    assert.equal(corruptReplicas, 2);
    const paths = place.files(0);
    await place.restart();
    await place.until('the reports', ({ safeMode, corruptReplicas: met }) => {
      return safeMode === false && met === corruptReplicas;
    });
    assert.deepEqual(place.files(0), paths);
    assert.equal(place.name.status().facts.missingBlocks, 2);
  });
});
