/** Replicas of DataNodes whose bytes were flipped: found by reads, made good, and remembered. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort, waitUntil } from '../../tests/support/process.ts';
import { defaultsOf } from '../core/config/index.ts';
import { createMetrics, silentLogger } from '../core/observe/index.ts';
import {
  createNodeClock,
  createNodeDisk,
  createNodeRandom,
  createNodeThreads,
} from '../core/runtime/node/index.ts';
import { type FilesSettings, filesConfig } from './config.ts';
import { createFiles, type Files } from './system.ts';

/** A NameNode and DataNodes in one process, whose disks can be damaged. */
class Place {
  readonly folder = mkdtempSync(join(tmpdir(), 'plinth-damage-'));
  readonly metrics = createMetrics();
  private readonly port: number;
  private readonly running: Files[] = [];
  name!: Files;
  private nodes = 0;

  constructor(port: number) {
    this.port = port;
  }

  /** @param nodes that store blocks; up to three have a replica of each. */
  async open(nodes: number): Promise<void> {
    const { cluster } = defaultsOf(filesConfig);
    this.nodes = nodes;
    const address = `127.0.0.1:${this.port}`;
    this.name = await this.start('name', {
      cluster: { ...cluster, listen: address, local: false },
      replication: Math.min(3, nodes),
    });
    for (let nth = 0; nth < nodes; nth++) await this.start(`data${nth}`, { join: address });
    await this.until('all nodes', ({ nodesLive }) => nodesLive === nodes + 1);
  }

  /** All processes end and start again. */
  async restart(): Promise<void> {
    await this.stop();
    await this.open(this.nodes);
  }

  private async stop(): Promise<void> {
    for (const files of this.running.splice(0).toReversed()) await files.stop();
  }

  private async start(name: string, change: Partial<FilesSettings>): Promise<Files> {
    const settings = defaultsOf(filesConfig);
    const files = createFiles(
      {
        ...settings,
        blockBytes: 1 << 20,
        scrubBytes: 0,
        s3: { ...settings.s3, enabled: false },
        webhdfs: { ...settings.webhdfs, port: 0 },
        ...change,
      },
      {
        clock: createNodeClock(),
        random: createNodeRandom(),
        disk: createNodeDisk(),
        threads: createNodeThreads(),
        dataFolder: join(this.folder, name),
        log: silentLogger(),
        metrics: name === 'name' ? this.metrics : createMetrics(),
      },
    );
    this.running.push(files);
    await files.start();
    return files;
  }

  async until(
    what: string,
    holds: (facts: ReturnType<Files['status']>['facts']) => boolean,
  ): Promise<void> {
    await waitUntil(what, () => holds(this.name.status().facts));
  }

  url(path: string, query: string): string {
    const door = this.name.status().listening.find(({ protocol }) => protocol === 'WebHDFS');
    return `http://${door?.host}:${door?.port}/webhdfs/v1${path}?${query}&user.name=plinth`;
  }

  async put(path: string, bytes: Buffer): Promise<void> {
    const body = new Uint8Array(bytes);
    const answer = await fetch(this.url(path, 'op=CREATE&data=true'), { method: 'PUT', body });
    assert.equal(answer.status, 201, await answer.text());
  }

  async get(path: string): Promise<Buffer> {
    const answer = await fetch(this.url(path, 'op=OPEN&data=true'));
    assert.equal(answer.status, 200);
    return Buffer.from(await answer.arrayBuffer());
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

  async end(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
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
