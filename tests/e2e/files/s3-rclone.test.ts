/** rclone on the S3 door. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ann } from '../../support/files/s3-bed.ts';
import { requirePeer } from '../../support/peers.ts';
import { content, withClient } from './s3-client-bed.ts';

test(
  'rclone syncs there and back, copies, moves, deletes, and hears the errors',
  requirePeer('rclone'),
  async () => {
    await withClient(async ({ bed, folder, run }) => {
      writeFileSync(
        join(folder, 'rclone.conf'),
        `[s3]\ntype = s3\nprovider = Other\naccess_key_id = ${ann.accessKeyId}\nsecret_access_key = ${ann.secret}\nendpoint = ${bed.endpoint}\nregion = us-east-1\nforce_path_style = true\nupload_cutoff = 5M\nchunk_size = 5M\n`,
      );
      const rclone = (...args: string[]) =>
        run('rclone', ['--config', join(folder, 'rclone.conf'), '--retries', '1', ...args]);
      const well = async (...args: string[]): Promise<string> => {
        const { code, stdout, stderr } = await rclone(...args);
        assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
        return stdout;
      };
      const big = content(13_000_000);
      mkdirSync(join(folder, 'there/sub'), { recursive: true });
      writeFileSync(join(folder, 'there/sub/smäll file.txt'), 'hello');
      writeFileSync(join(folder, 'there/big.bin'), big);
      await well('mkdir', 's3:docs');
      await well('sync', 'there', 's3:docs');
      assert.ok(bed.calls.includes('CompleteMultipartUpload 200'));
      // Times and digests are kept, so there is nothing to do.
      const puts = bed.calls.filter((call) => /^(PutObject|CreateMultipart)/.test(call)).length;
      await well('sync', 'there', 's3:docs');
      await well('check', 'there', 's3:docs');
      const putsNow = bed.calls.filter((call) => /^(PutObject|CreateMultipart)/.test(call)).length;
      assert.equal(putsNow, puts);
      assert.deepEqual((await well('lsf', '-R', 's3:docs')).trim().split('\n').toSorted(), [
        'big.bin',
        'sub/',
        'sub/smäll file.txt',
      ]);
      await well('copyto', 's3:docs/big.bin', 's3:docs/copy.bin');
      await well('moveto', 's3:docs/copy.bin', 's3:docs/moved.bin');
      await well('copy', 's3:docs/moved.bin', 'back');
      assert.ok(readFileSync(join(folder, 'back/moved.bin')).equals(big));
      assert.notEqual((await rclone('ls', 's3:nobody')).code, 0);
      await well('purge', 's3:docs');
      assert.equal(await well('lsd', 's3:'), '');
    });
  },
);
