/** The WebHDFS door by the npm package webhdfs. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { Readable, type Writable } from 'node:stream';
import { test } from 'node:test';
import { type BothDoors, withBothDoors } from '../../support/files/both-doors.ts';
import { root } from '../../support/files/s3-bed.ts';
import { content } from './s3-client-bed.ts';

type Done<T> = (error: Error | null, value?: T) => void;

/** What is used of the package, which has no types of its own. */
interface Client {
  mkdir(path: string, done: Done<void>): void;
  writeFile(path: string, data: Buffer | string, done: Done<void>): void;
  appendFile(path: string, data: string, done: Done<void>): void;
  readFile(path: string, done: Done<Buffer>): void;
  readdir(path: string, done: Done<{ pathSuffix: string }[]>): void;
  stat(path: string, done: Done<{ length: number; type: string; permission: string }>): void;
  exists(path: string, done: (value: boolean) => void): void;
  chmod(path: string, mode: string, done: Done<void>): void;
  rename(from: string, to: string, done: Done<void>): void;
  unlink(path: string, recursive: boolean, done: Done<void>): void;
  createReadStream(path: string): Readable;
  createWriteStream(path: string): Writable;
}

const { createClient } = createRequire(import.meta.url)('webhdfs') as {
  createClient(options: { user: string; host: string; port: number; path: string }): Client;
};

function clientOf({ webHdfs }: BothDoors, user: string): Client {
  return createClient({
    user,
    host: '127.0.0.1',
    port: webHdfs.listening.port,
    path: '/webhdfs/v1',
  });
}

function done<T>(work: (done: Done<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    work((error, value) =>
      error === null || error === undefined ? resolve(value as T) : reject(error),
    );
  });
}

test('npm webhdfs uploads, reads, lists, renames and deletes, and hears the errors', async () => {
  await withBothDoors(async (doors) => {
    const client = clientOf(doors, 'plinth');
    await done<void>((end) => client.mkdir('/docs/d', end));
    await done<void>((end) => client.writeFile('/docs/d/small', 'hello', end));
    await done<void>((end) => client.appendFile('/docs/d/small', ' world', end));
    const read = await done<Buffer>((end) => client.readFile('/docs/d/small', end));
    assert.equal(read.toString(), 'hello world');
    assert.equal((await doors.s3.ask('GET', '/docs/d/small', { user: root })).text, 'hello world');

    const big = content(3_000_000);
    await new Promise<void>((resolve, reject) => {
      const stream = client.createWriteStream('/docs/d/big');
      stream.on('finish', () => resolve()).on('error', reject);
      Readable.from([big.subarray(0, 1_000_000), big.subarray(1_000_000)]).pipe(stream);
    });
    const pieces: Buffer[] = [];
    await new Promise<void>((resolve, reject) => {
      const stream = client.createReadStream('/docs/d/big');
      stream.on('data', (piece: Buffer) => pieces.push(piece));
      stream.on('finish', () => resolve()).on('error', reject);
    });
    assert.ok(Buffer.concat(pieces).equals(big));
    await doors.s3.ask('PUT', '/docs/d/by-s3', { user: root, body: 'from S3' });
    const rows = await done<{ pathSuffix: string }[]>((end) => client.readdir('/docs/d', end));
    assert.deepEqual(
      rows.map(({ pathSuffix }) => pathSuffix),
      ['big', 'by-s3', 'small'],
    );
    await done<void>((end) => client.chmod('/docs/d/small', '0600', end));
    const { length, type, permission } = await done<{
      length: number;
      type: string;
      permission: string;
    }>((end) => client.stat('/docs/d/small', end));
    assert.deepEqual([length, type, permission], [11, 'FILE', '600']);
    const other = clientOf(doors, 'bob');
    await assert.rejects(
      done<Buffer>((end) => other.readFile('/docs/d/small', end)),
      /Permission denied/,
    );
    await done<void>((end) => client.rename('/docs/d', '/docs/e', end));
    await assert.rejects(
      done((end) => client.stat('/docs/d/small', end)),
      /File does not exist: \/docs\/d\/small/,
    );
    await assert.rejects(
      done<void>((end) => client.unlink('/docs/e', false, end)),
      /Directory is not empty/,
    );
    await done<void>((end) => client.unlink('/docs/e', true, end));
    const isThere = await new Promise((resolve) => client.exists('/docs/e', resolve));
    assert.equal(isThere, false);
  });
});
