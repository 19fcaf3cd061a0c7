import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { cacheConfig } from '../../cache/config/index.ts';
import { type Cache, createCache } from '../../cache/index.ts';
import { defaultsOf } from '../../core/config/index.ts';
import { Stages } from '../../core/http/index.ts';
import { createMetrics, silentLogger } from '../../core/observe/index.ts';
import { createNodeDisk, createNodeThreads } from '../../core/runtime/node/index.ts';
import { TestAuthority } from '../../core/runtime/node/transport-fixture.ts';
import { clock, HOST, network, random, until } from '../bus/bus-fixture.ts';
import type { PurgeReceipt } from './messages.ts';
import { PurgeBus } from './purge-bus.ts';

const NAMES = ['ams', 'fra', 'lon'];

interface RealPop {
  readonly cache: Cache;
  readonly bus: PurgeBus;
}

test('caches of a network purge together over TLS, whichever is asked, and answer with the receipt', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-caches-'));
  const authority = new TestAuthority('the authority of the test');
  t.after(() => {
    authority.remove();
    rmSync(folder, { recursive: true });
  });
  const { cert, key } = authority.issue('ams');
  const fileOf = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const tls = {
    certFile: fileOf('cert.pem', cert),
    keyFile: fileOf('key.pem', key),
    caFile: fileOf('ca.pem', authority.cert),
  };
  const pops: RealPop[] = [];
  t.after(async () => {
    for (const { bus, cache } of pops) {
      await bus.stop();
      await cache.stop();
    }
  });
  let port = 0;
  for (const name of NAMES) {
    const disk = createNodeDisk();
    const dataFolder = join(folder, name);
    disk.mkdirSync(dataFolder);
    const cache = createCache(defaultsOf(cacheConfig), {
      ...{ clock, random, disk, dataFolder, log: silentLogger(), metrics: createMetrics() },
      ...{ threads: createNodeThreads(), stages: new Stages() },
    });
    await cache.start();
    const bus = new PurgeBus({
      ...{ clock, random, network, disk, dataFolder, log: silentLogger(), cache, pop: name },
      settings: { coordinator: undefined, leaseMs: 20_000, tls },
      bind: { host: HOST, port: 0 },
      pops: NAMES.map((each) => ({
        name: each,
        shield: each === 'ams',
        bus: { host: HOST, port },
      })),
      secret: 'the secret of the test',
    });
    assert.ok(cache.ledger.completeUntilMs < clock.wallMs(), 'it is in doubt from the first');
    await bus.start();
    port = port === 0 ? (bus.port as number) : port;
    pops.push({ cache, bus });
  }
  await until(() => pops.every(({ bus }) => !bus.shown().inDoubt), 'trust');
  const seqs = pops.map(({ cache }) => cache.ledger.seq);
  const row = pops[2]?.bus.operations().find(({ path }) => path === '/purge');
  const answer = await row?.run({ names: {}, body: { tag: ['a', 'b'], id: 'once' } });
  assert.ok(answer?.ok === true && 'body' in answer);
  const body = answer.body as { readonly purged: boolean; readonly receipt: PurgeReceipt };
  assert.ok(body.purged);
  assert.deepEqual(
    body.receipt.pops.map(({ pop, state }) => [pop, state]),
    NAMES.map((name) => [name, 'confirmed']),
  );
  for (const [nth, { cache }] of pops.entries()) {
    assert.equal(cache.ledger.seq, (seqs[nth] as number) + 2);
    const tags = cache.ledger.retainTags(['a']);
    assert.equal(cache.ledger.verdictOn('http://a.test/', tags, seqs[nth] as number), 'hard');
  }
  assert.equal(
    pops[0]?.bus.shown().order?.pops.every(({ linked }) => linked),
    true,
  );
});
