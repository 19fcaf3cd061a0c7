/** The WebHDFS door by curl, as the specification's examples have it, and the same bytes by the S3 door. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../../support/files/s3-bed.ts';
import { requirePeer } from '../../support/peers.ts';
import { content } from './s3-client-bed.ts';
import { withWebHdfsClient } from './webhdfs-client-bed.ts';

test(
  'curl uploads, reads, adds, lists, renames and deletes, and hears the errors',
  requirePeer('curl'),
  async () => {
    await withWebHdfsClient(async ({ run, endpoint, folder, s3 }) => {
      const bytes = content(9_000_000);
      writeFileSync(join(folder, 'big'), bytes);
      const curl = async (path: string, ...args: string[]) => {
        const url = `${endpoint}/webhdfs/v1${path}`;
        const { code, stdout, stderr } = await run('curl', ['-sS', '-m', '50', ...args, url]);
        assert.equal(code, 0, stderr);
        return stdout;
      };
      const status = ['-o', 'out', '-w', '%{http_code}'];
      const as = 'user.name=plinth';
      const put = await curl(`/docs/d/big?op=CREATE&${as}`, '-L', '-T', 'big', ...status);
      assert.equal(put.toString(), '201');
      assert.ok((await curl('/docs/d/big?op=OPEN', '-L')).equals(bytes));
      const piece = await curl('/docs/d/big?op=OPEN&offset=4000000&length=100', '-L');
      assert.ok(piece.equals(bytes.subarray(4_000_000, 4_000_100)));
      const chunked = ['-H', 'Transfer-Encoding: chunked'];
      const more = await curl(
        `/docs/d/big?op=APPEND&${as}`,
        '-L',
        '-X',
        'POST',
        '-T',
        'big',
        ...chunked,
      );
      assert.equal(more.length, 0);
      const twice = Buffer.concat([bytes, bytes]);
      assert.ok((await s3.ask('GET', '/docs/d/big', { user: root })).bytes.equals(twice));
      const listed = JSON.parse((await curl('/docs/d?op=LISTSTATUS')).toString());
      assert.deepEqual(
        listed.FileStatuses.FileStatus.map((row: { pathSuffix: string; length: number }) => [
          row.pathSuffix,
          row.length,
        ]),
        [['big', 18_000_000]],
      );
      const moved = await curl(`/docs/d?op=RENAME&destination=/docs/e&${as}`, '-X', 'PUT');
      assert.equal(moved.toString(), '{"boolean":true}');
      assert.equal((await s3.ask('GET', '/docs/d/big', { user: root })).status, 404);
      assert.equal((await s3.ask('GET', '/docs/e/big', { user: root })).status, 200);
      const gone = await curl(`/docs/e?op=DELETE&recursive=true&${as}`, '-X', 'DELETE');
      assert.equal(gone.toString(), '{"boolean":true}');
      assert.equal((await s3.ask('GET', '/docs/e/big', { user: root })).code, 'NoSuchKey');
      const none = JSON.parse((await curl('/docs/e/big?op=OPEN', '-L')).toString());
      assert.deepEqual(none.RemoteException, {
        exception: 'FileNotFoundException',
        javaClassName: 'java.io.FileNotFoundException',
        message: 'File does not exist: /docs/e/big',
      });
      assert.equal((await s3.ask('PUT', '/docs/by-s3', { user: root, body: 'hello' })).status, 200);
      assert.equal((await curl('/docs/by-s3?op=OPEN&user.name=plinth', '-L')).toString(), 'hello');
      const refused = JSON.parse((await curl('/docs/by-s3?op=OPEN', '-L')).toString());
      assert.equal(refused.RemoteException.exception, 'AccessControlException');
    });
  },
);

test('an upload that breaks off leaves nothing to be seen', requirePeer('curl'), async () => {
  await withWebHdfsClient(async ({ run, endpoint, ask, folder }) => {
    writeFileSync(join(folder, 'big'), content(4_000_000));
    await ask('PUT', '/docs', 'MKDIRS');
    const url = `${endpoint}/webhdfs/v1/docs/f?op=CREATE&user.name=plinth&data=true`;
    const slow = ['-sS', '-T', 'big', '--limit-rate', '1M', '-m', '1', url];
    assert.notEqual((await run('curl', slow)).code, 0);
    const { FileStatuses } = (await (await ask('GET', '/docs', 'LISTSTATUS')).json()) as {
      FileStatuses: { FileStatus: unknown[] };
    };
    assert.deepEqual(FileStatuses.FileStatus, []);
  });
});
