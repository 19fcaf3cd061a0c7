/**
 * Clients that stop in the middle of an upload: by S3, by WebHDFS, with DataNodes; and more parts than anybody sends. What
 * was not acknowledged is not there and takes no room.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import {
  AbortMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { type FilesProcess, runHere, startFiles } from '../../support/files/files-process.ts';
import { temporaryFolder, waitUntil } from '../../support/process.ts';
import { FilesCluster } from './cluster.ts';
import { contentOf, openFiles } from './open-files.ts';

const SENT = 3_300_000;
const SAID = 5_000_000;
const bytes = contentOf(1, 3).subarray(0, 1_100_000);

/** Sends a part of what it says it will send. @returns what ends the connection. */
async function beginUpload(door: string, path: string, more = ''): Promise<() => void> {
  const [host, port] = door.split(':');
  const socket = connect(Number(port), host);
  socket.on('error', () => {});
  socket.write(
    `PUT /webhdfs/v1${path}?op=CREATE&data=true&user.name=plinth${more} HTTP/1.1\r\n` +
      `Host: ${door}\r\nContent-Length: ${SAID}\r\n\r\n`,
  );
  for (let sent = 0; sent < SENT; sent += bytes.length) {
    await new Promise<void>((resolve) => void socket.write(bytes, () => resolve()));
  }
  return () => socket.destroy();
}

async function isThere(door: string, path: string): Promise<boolean> {
  const url = `http://${door}/webhdfs/v1${path}?op=GETFILESTATUS&user.name=plinth`;
  const answer = await fetch(url);
  await answer.arrayBuffer();
  return answer.status !== 404;
}

function quiet(): void {}

function clientOf(plinth: FilesProcess): S3Client {
  const text = readFileSync(join(plinth.data, 'files', 's3-key.env'), 'utf8');
  const [id = '', secret = ''] = [...text.matchAll(/=(.+)$/gm)].map(([, value]) => value);
  return new S3Client({
    endpoint: `http://${plinth.s3}`,
    region: 'us-east-1',
    forcePathStyle: true,
    maxAttempts: 1,
    logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    credentials: { accessKeyId: id, secretAccessKey: secret },
  });
}

/** A body that comes to a halt. */
function halting(): Readable {
  let left = SENT;
  return new Readable({
    read(): void {
      if (left <= 0) return;
      left -= bytes.length;
      this.push(bytes);
    },
  });
}

test('uploads that come to a halt or break off by S3 leave nothing, parts of uploads neither', async () => {
  const plinth = await startFiles(['files.block=1mb', 'files.s3.timeouts.body=1s']);
  let client: S3Client | undefined;
  try {
    client = clientOf(plinth);
    await client.send(new CreateBucketCommand({ Bucket: 'docs' }));
    const object = { Bucket: 'docs', Key: 'k' } as const;
    const body = () => ({ Body: halting(), ContentLength: SAID });
    await assert.rejects(client.send(new PutObjectCommand({ ...object, ...body() })));
    const abort = new AbortController();
    const asked = client.send(new PutObjectCommand({ ...object, ...body() }), {
      abortSignal: abort.signal,
    });
    setTimeout(() => abort.abort(), 300);
    await assert.rejects(asked);
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(object));
    const part = { ...object, UploadId, PartNumber: 1 };
    await assert.rejects(client.send(new UploadPartCommand({ ...part, ...body() })));
    assert.deepEqual(
      (await client.send(new ListPartsCommand({ ...object, UploadId }))).Parts ?? [],
      [],
    );
    await waitUntil('their blocks to be gone', () => plinth.blockFiles('.blk').length === 0);
    await client.send(new UploadPartCommand({ ...part, Body: bytes }));
    assert.equal(plinth.blockFiles('.blk').length, 1);
    await client.send(new AbortMultipartUploadCommand({ ...object, UploadId }));
    await waitUntil(
      'the blocks of the part to be gone',
      () => plinth.blockFiles('.blk').length === 0,
    );
    const listed = await client.send(new ListObjectsV2Command({ Bucket: 'docs' }));
    assert.equal(listed.KeyCount, 0);
    const fsck = await plinth.run(['fsck']);
    assert.equal(fsck.code, 0, fsck.out.toString());
  } finally {
    client?.destroy();
    await plinth.stop();
  }
});

test('a client of WebHDFS that leaves, and one that is cut off by kill -9 of the NameNode: DataNodes keep nothing', async () => {
  const cluster = await FilesCluster.start(['a', 'b'], {
    'files.replication': 2,
    'files.cluster.nameless': '1s',
  });
  const large = (): number =>
    [0, 1].flatMap((nth) => cluster.blockFiles(nth)).filter((path) => path.endsWith('.blk')).length;
  try {
    const leave = await beginUpload(cluster.door, '/d/left');
    await waitUntil('blocks', () => large() >= 4);
    leave();
    await waitUntil('them to be gone', () => large() === 0);
    assert.ok(!(await isThere(cluster.door, '/d/left')));
    const end = await beginUpload(cluster.door, '/d/cut');
    await waitUntil('blocks', () => large() >= 4);
    await cluster.killName();
    end();
    await cluster.restartName();
    await cluster.until('all reports', ({ safeMode, nodesLive }) => !safeMode && nodesLive === 3);
    // What is parked on a DataNode half a minute without its writer has no name on the disk yet.
    await waitUntil('what nobody names to be gone', () => large() === 0, 30_000);
    assert.ok(!(await isThere(cluster.door, '/d/cut')));
    const { address, tokenFile } = cluster.admin;
    const fsck = await runHere(['files', 'fsck', '--admin', address, '--token-file', tokenFile]);
    assert.equal(fsck.code, 0, fsck.out.toString());
  } finally {
    await cluster.stop();
  }
});

test('ten thousand parts become one object in one step, in their order, byte by byte', async () => {
  const folder = temporaryFolder('plinth-files-parts');
  const { files, store } = await openFiles(folder.path);
  try {
    await store.createBucket('b', { owner: 'me', documents: {} });
    const made = await store.createUpload('b', { key: 'k', attributes: {} });
    assert.ok(made.done);
    const target = { bucket: 'b', key: 'k', uploadId: made.value.uploadId };
    const numbers = Array.from({ length: 10_000 }, (_, nth) => nth + 1);
    const waiting = numbers.toReversed();
    const worker = async (): Promise<void> => {
      for (let number = waiting.pop(); number !== undefined; number = waiting.pop()) {
        const writer = await store.write('b');
        await writer.write(Buffer.from(`${number}.`));
        const part = await writer.commitPart({
          ...target,
          number,
          etag: `e${number}`,
          attributes: {},
        });
        assert.ok(part.done);
      }
    };
    await Promise.all(Array.from({ length: 256 }, worker));
    const parts = numbers.map((number) => ({ number, etag: `e${number}` }));
    const whole = await store.completeUpload(target, { parts, etag: 'x', attributes: {} });
    assert.ok(whole.done);
    const expected = numbers.map((number) => `${number}.`).join('');
    assert.equal(whole.value.sizeBytes, expected.length);
    const opened = await store.open({ bucket: 'b', key: 'k' });
    assert.ok(opened !== undefined);
    const read = async (from: number, to: number): Promise<string> => {
      const pieces: Buffer[] = [];
      for await (const piece of opened.read(from, to)) pieces.push(Buffer.from(piece));
      return Buffer.concat(pieces).toString();
    };
    assert.equal(await read(0, expected.length), expected);
    assert.equal(await read(30_000, 30_100), expected.slice(30_000, 30_100));
    opened.close();
    await store.remove({ bucket: 'b', key: 'k' });
    await files.idle();
    let stored = 0;
    await files.blocks.each(0, () => ++stored > 0);
    assert.equal(stored, 0);
  } finally {
    await files.close();
    folder.remove();
  }
});
