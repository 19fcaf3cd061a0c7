/**
 * A live import at length: a million keys of all types (or `PLINTH_IMPORT_KEYS`) from redis-server under
 * a write load that never stops, every one compared, no difference.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { allTypes, writeTo } from '../../support/all-types.ts';
import { runImport } from '../../support/import-command.ts';
import { requirePeer } from '../../support/peers.ts';
import { startPlinth } from '../../support/plinth.ts';
import { startRedis } from '../../support/redis-server.ts';
import { type Arg, RespClient } from '../../support/resp-client.ts';

const keys = Number(process.env.PLINTH_IMPORT_KEYS ?? 1_000_000);
const DATABASES = 16;
/** Sets of `allTypes`, one in a hundred keys; the rest are small values of each type in turn. */
const RICH_KEYS = 21;

/** The `i`th small key. */
function smallKey(i: number): Arg[] {
  switch (i % 6) {
    case 0:
      return ['SET', `s:${i}`, `value ${i}`];
    case 1:
      return ['SET', `e:${i}`, i, 'PX', 600_000 + i];
    case 2:
      return ['RPUSH', `l:${i}`, i, 'b', 'c'];
    case 3:
      return ['SADD', `t:${i}`, i, i + 1, i + 2];
    case 4:
      return ['HSET', `h:${i}`, 'name', i, 'other', 'text'];
    default:
      return ['ZADD', `z:${i}`, i, 'a', i / 2, 'b'];
  }
}

/** A write to some small key: more of it, less of it, another, or none. */
function smallWrite(i: number): Arg[] {
  const at = Math.imul(i, 0x9e3779b1) >>> 0;
  const key = at % keys;
  const [, name = ''] = smallKey(key);
  if (i % 7 === 0) return ['DEL', name];
  if (i % 7 === 1) return ['PEXPIRE', name, 300 + (i % 5000)];
  if (i % 7 === 2) return ['PERSIST', name];
  return smallKey(key);
}

async function fill(client: RespClient): Promise<void> {
  const sets = Math.ceil(keys / 100 / RICH_KEYS);
  for (let i = 0; i < sets; i++) {
    await client.pipeline([['SELECT', i % DATABASES], ...allTypes(i)]);
  }
  for (let at = 0; at < keys; at += 2000) {
    const count = Math.min(2000, keys - at);
    const some = Array.from({ length: count }, (_, i) => smallKey(at + i));
    await client.pipeline([['SELECT', (at / 2000) % DATABASES], ...some]);
  }
}

describe('live import at length', requirePeer('redis-server'), () => {
  test(`${keys} keys under writes end with no difference`, async (context) => {
    // The source must keep what it has to tell while its snapshot is read.
    const buffers = [
      '--client-output-buffer-limit',
      'replica 0 0 0',
      '--repl-diskless-sync',
      'yes',
    ];
    const source = await startRedis([...buffers, '--repl-diskless-sync-delay', '0']);
    const target = await startPlinth();
    const client = await RespClient.connect(source);
    let stopped = false;
    try {
      await fill(client);
      const load = (async () => {
        let sent = 0;
        for (let i = 0; !stopped; i++) {
          const batch = Array.from({ length: 60 }, (_, j) => smallWrite(i * 60 + j));
          const rich = writeTo(i % 50, i);
          await client.pipeline([['SELECT', i % DATABASES], ...batch, ...rich]);
          sent += batch.length + rich.length;
          await sleep(20);
        }
        return sent;
      })();
      const startedMs = performance.now();
      const from = `redis://127.0.0.1:${source.port}`;
      const result = await runImport(target, '--from', from, '--once', '--verify', 'all');
      stopped = true;
      const sent = await load;
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
      context.diagnostic(`${result.json.keys} keys in the snapshot, ${sent} writes, ${seconds} s`);
      context.diagnostic(JSON.stringify(result.json.comparison?.databases));
      assert.equal(result.code, 0, result.output);
      assert.equal(result.json.comparison?.same, true, result.output);
      assert.equal(result.json.refused, 0, result.output);
      assert.ok((result.json.keys ?? 0) >= keys);
    } finally {
      stopped = true;
      client.close();
      await source.stop();
      await target.stop();
    }
  });
});
