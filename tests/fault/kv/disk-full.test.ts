/**
 * A full disk: writes are refused with a clear error, reads go on, after space returns writes
 * go on, and what was acknowledged is there after a kill. Needs the right to mount a tmpfs.
 */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { startPlinth } from '../../support/plinth.ts';
import { waitUntil } from '../../support/process.ts';
import { RespClient } from '../../support/resp-client.ts';
import { isError, show, textOf } from '../../support/resp-reply.ts';
import { smallDisk } from '../../support/small-disk.ts';

const mebibyte = 1024 * 1024;

const probe = smallDisk(mebibyte);
probe?.remove();
const permitted = probe === undefined ? { skip: 'missing peer: the right to mount a tmpfs' } : {};

describe('a full disk', permitted, () => {
  for (const fsync of ['always', 'everysec'] as const) {
    test(`fsync ${fsync}: refuses writes, serves reads, recovers, loses nothing`, async () => {
      const disk = smallDisk(24 * mebibyte);
      assert.ok(disk !== undefined);
      const data = join(disk.path, 'data');
      mkdirSync(data);
      const ballast = join(disk.path, 'ballast');
      writeFileSync(ballast, Buffer.alloc(12 * mebibyte, 1));
      const plinth = await startPlinth({
        data,
        kv: { fsync, log_segment: 256 * 1024, flush_log: mebibyte },
      });
      try {
        const client = await RespClient.connect(plinth);
        const acknowledged = new Map<string, string>();
        let n = 0;
        const fill = async () => {
          for (; n < 20_000; n += 1) {
            const value = `${n}:${'v'.repeat(4000)}`;
            const reply = await client.send(['SET', `k${n}`, value]);
            if (isError(reply)) return textOf(reply);
            acknowledged.set(`k${n}`, value);
          }
          return '';
        };
        // A checkpoint that fails gives back what it took, and writes go on until that is full too.
        const refused = async (command: readonly string[]) => {
          for (let attempt = 0; attempt < 20; attempt += 1) {
            assert.match(await fill(), /^MISCONF .*(disk|space|write)/i);
            const reply = show(await client.send(command));
            if (reply !== '+OK' && !reply.startsWith(':')) return reply;
          }
          return 'never refused';
        };
        assert.match(await refused(['INCR', 'counter']), /^-MISCONF /);
        assert.ok(acknowledged.size > 100);
        assert.match(await refused(['EVAL', "return redis.call('SET', 'k', 'v')", '0']), /MISCONF/);
        assert.equal(textOf(await client.send(['GET', 'k0'])), acknowledged.get('k0'));
        assert.equal(show(await client.send(['EXISTS', 'k1'])), ':1');

        rmSync(ballast);
        assert.ok(statfsSync(disk.path).bavail > 0);
        await waitUntil('writes to be taken again', async () => {
          return show(await client.send(['SET', 'after', 'space'])) === '+OK';
        });
        acknowledged.set('after', 'space');
        for (let n = 0; n < 50; n += 1) {
          await client.must('SET', `more${n}`, String(n));
          acknowledged.set(`more${n}`, String(n));
        }
        if (fsync === 'everysec') await client.must('WAITAOF', 1, 0, 5000);
        client.close();
        await plinth.kill9();
        await plinth.restart();
        const again = await RespClient.connect(plinth);
        for (const [key, value] of acknowledged) {
          assert.equal(textOf(await again.send(['GET', key])), value, `lost: ${key}`);
        }
        again.close();
      } finally {
        await plinth.stop();
        disk.remove();
      }
    });
  }
});
