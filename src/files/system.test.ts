import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { defaultsOf } from '../core/config/index.ts';
import { createMetrics, type Metrics, silentLogger } from '../core/observe/index.ts';
import {
  createNodeClock,
  createNodeDisk,
  createNodeRandom,
  createNodeThreads,
} from '../core/runtime/node/index.ts';
import { filesConfig } from './config/config.ts';
import { createFiles, type Files } from './system.ts';

interface Place {
  readonly folder: string;
  readonly metrics: Metrics;
  make(port: number): Files;
  remove(): void;
}

function place(): Place {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-files-'));
  const metrics = createMetrics();
  const settings = defaultsOf(filesConfig);
  return {
    folder,
    metrics,
    make: (port) =>
      createFiles(
        {
          ...settings,
          s3: { ...settings.s3, port },
          webhdfs: { ...settings.webhdfs, port: 0 },
        },
        {
          clock: createNodeClock(),
          random: createNodeRandom(),
          disk: createNodeDisk(),
          threads: createNodeThreads(),
          dataFolder: folder,
          log: silentLogger(),
          metrics,
        },
      ),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

test('the system opens its doors, one with a key of its own, tells of itself, and starts again on its data', async () => {
  const at = place();
  try {
    let before: string | undefined;
    for (let life = 0; life < 2; life++) {
      const files = at.make(0);
      await files.start();
      const { state, listening, facts } = files.status();
      assert.equal(state, 'ready');
      assert.equal(facts.disks, 1);
      assert.equal(facts.accessKeyFile, join(at.folder, 's3-key.env'));
      const [door, webHdfs] = listening;
      const answer = await fetch(`http://${door?.host}:${door?.port}/nobody/nothing`);
      assert.equal(answer.status, 404);
      assert.match(await answer.text(), /<Code>NoSuchBucket<\/Code>/);
      assert.match(
        at.metrics.text(),
        /plinth_files_s3_calls_total\{operation="GetObject",status="4xx"\} 1/,
      );
      const url = `http://${webHdfs?.host}:${webHdfs?.port}/webhdfs/v1/?op=LISTSTATUS`;
      assert.deepEqual(await (await fetch(url)).json(), { FileStatuses: { FileStatus: [] } });
      assert.match(
        at.metrics.text(),
        /plinth_files_webhdfs_calls_total\{operation="LISTSTATUS",status="2xx"\} 1/,
      );
      const key = createNodeDisk().statSync(`${facts.accessKeyFile}`)?.sizeBytes;
      assert.ok(key !== undefined && (before === undefined || before === String(key)));
      before = String(key);
      const encryptionKey = createNodeDisk().statSync(join(at.folder, 's3-encryption.key'));
      assert.equal(encryptionKey?.sizeBytes, 45);
      await files.drain(100);
      await files.stop();
      assert.equal(files.status().state, 'stopped');
      assert.equal(at.metrics.rows().length, 0);
    }
  } finally {
    at.remove();
  }
});

test('a port that is taken fails the start, and leaves the data to the next one', async () => {
  const at = place();
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as { port: number };
  try {
    const files = at.make(port);
    await assert.rejects(files.start(), { code: 'address-in-use' });
    assert.equal(files.status().state, 'failed');
    const next = at.make(0);
    await next.start();
    await next.stop();
  } finally {
    taken.close();
    at.remove();
  }
});

test('changed settings of the door are taken over, and taken back when another system refuses', async () => {
  const at = place();
  const files = at.make(0);
  await files.start();
  try {
    const settings = defaultsOf(filesConfig);
    const next = { ...settings, s3: { ...settings.s3, region: 'eu-north-1' } };
    const refused = await files.prepare(next);
    refused.abort();
    const taken = await files.prepare(next);
    taken.commit();
    assert.equal(files.status().state, 'ready');
  } finally {
    await files.stop();
    at.remove();
  }
});
