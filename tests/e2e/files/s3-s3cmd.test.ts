/** s3cmd on the S3 door. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ann } from '../../support/files/s3-bed.ts';
import { requirePeer } from '../../support/peers.ts';
import { content, withClient } from './s3-client-bed.ts';

test(
  's3cmd uploads, lists, copies, downloads, deletes, and hears the errors',
  requirePeer('s3cmd'),
  async () => {
    await withClient(async ({ bed, folder, run }) => {
      const host = `127.0.0.1:${bed.port}`;
      writeFileSync(
        join(folder, '.s3cfg'),
        `[default]\naccess_key = ${ann.accessKeyId}\nsecret_key = ${ann.secret}\nhost_base = ${host}\nhost_bucket = ${host}\nuse_https = False\nmultipart_chunk_size_mb = 5\nmax_retries = 1\n`,
      );
      const s3cmd = (...args: string[]) => run('s3cmd', args);
      const well = async (...args: string[]): Promise<string> => {
        const { code, stdout, stderr } = await s3cmd(...args);
        assert.equal(code, 0, `${args.join(' ')}: ${stdout} ${stderr}`);
        return stdout;
      };
      const big = content(11_000_003);
      writeFileSync(join(folder, 'small.txt'), 'hello');
      writeFileSync(join(folder, 'big.bin'), big);
      await well('mb', 's3://docs');
      await well('put', 'small.txt', 's3://docs/a/smäll file.txt');
      await well('put', 'big.bin', 's3://docs/big.bin');
      assert.ok(bed.calls.includes('CompleteMultipartUpload 200'));
      assert.match(
        await well('ls', 's3://docs'),
        /DIR {2}s3:\/\/docs\/a\/\n.*11000003 {2}s3:\/\/docs\/big\.bin/,
      );
      assert.match(await well('ls', '-r', 's3://docs'), /smäll file\.txt/);
      await well('cp', 's3://docs/a/smäll file.txt', 's3://docs/copy.txt');
      await well('modify', '--add-header=x-amz-meta-who:me', 's3://docs/copy.txt');
      assert.match(await well('info', 's3://docs/copy.txt'), /x-amz-meta-who: me/);
      await well('get', 's3://docs/big.bin', 'back.bin');
      assert.ok(readFileSync(join(folder, 'back.bin')).equals(big));
      assert.match(await well('info', 's3://docs'), /Location: {2}us-east-1/);
      await well('setacl', '--acl-public', 's3://docs/copy.txt');
      assert.equal((await bed.ask('GET', '/docs/copy.txt', { user: null })).text, 'hello');
      const none = await s3cmd('get', 's3://docs/none', 'out');
      assert.notEqual(none.code, 0);
      assert.match((await s3cmd('ls', 's3://nobody')).stderr, /NoSuchBucket|does not exist/);
      await well('del', '-r', '-f', 's3://docs');
      await well('rb', 's3://docs');
    });
  },
);
