import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { CarriedOutcome, PurgeAsked } from '../../cache/index.ts';
import { createMetrics } from '../../core/observe/index.ts';
import { HOST, network, until } from '../bus/bus-fixture.ts';
import type { PurgeReceipt } from './messages.ts';
import { NotedCache, PurgeBed } from './purge-bus-fixture.ts';
import type { PurgeBusSettings } from './purge-fields.ts';

/** Where all have to confirm, however slow the machine is. */
const CALM = { leaseMs: 20_000 };

const tag = (value: string, soft = false): PurgeAsked => ({ kind: 'tag', value, soft });

function bedOf(
  t: TestContext,
  names: readonly string[],
  settings: Partial<PurgeBusSettings> = {},
): PurgeBed {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-purges-'));
  const bed = new PurgeBed(folder, names, settings);
  t.after(async () => {
    await bed.stop();
    rmSync(folder, { recursive: true });
  });
  return bed;
}

function receiptOf(outcome: CarriedOutcome): PurgeReceipt {
  assert.ok(outcome.ok, JSON.stringify(outcome));
  return outcome.receipt as PurgeReceipt;
}

function statesOf({ pops }: PurgeReceipt): Record<string, string> {
  return Object.fromEntries(pops.map(({ pop, state }) => [pop, state]));
}

test('a purge asked for anywhere is carried out everywhere before its receipt, in one order', async (t) => {
  const names = ['ams', 'fra', 'lon', 'nyc'];
  const bed = bedOf(t, names, CALM);
  await bed.start();
  for (const name of names) {
    assert.deepEqual(bed.of(name).cache.purged, ['all '], 'nothing was known: all is forgotten');
    bed.of(name).cache.purged.length = 0;
  }
  const receipt = receiptOf(await bed.purge('nyc', [tag('a'), tag('b', true)]));
  for (const name of names) {
    assert.deepEqual(bed.of(name).cache.purged, ['tag a', 'soft tag b'], name);
  }
  const all = { ams: 'confirmed', fra: 'confirmed', lon: 'confirmed', nyc: 'confirmed' };
  assert.deepEqual(statesOf(receipt), all);
  assert.ok(receipt.pops.every(({ ms }) => ms !== null && ms >= 0));
  const many = await Promise.all(
    Array.from({ length: 200 }, (_, nth) => bed.purge(names[nth % 4] as string, [tag(`t${nth}`)])),
  );
  const sequences = many.map((outcome) => receiptOf(outcome).sequence);
  assert.equal(new Set(sequences).size, 200);
  assert.ok(Math.min(...sequences) > receipt.sequence);
  const { purged } = bed.first.cache;
  assert.equal(purged.length, 202);
  for (const name of names) assert.deepEqual(bed.of(name).cache.purged, purged, name);
});

test('a PoP that is cut off is waited for until it serves nothing by itself, and catches up in order', async (t) => {
  const bed = bedOf(t, ['ams', 'fra', 'lon']);
  await bed.start();
  const { cache } = bed.of('lon');
  cache.purged.length = 0;
  bed.cutOff('lon');
  let isInDoubt = false;
  const first = bed.purge('fra', [tag('a')]).then((outcome) => {
    isInDoubt = cache.isInDoubt;
    return outcome;
  });
  const receipt = receiptOf(await first);
  assert.equal(statesOf(receipt).lon, 'cut-off');
  assert.ok(isInDoubt, 'it validates when the receipt is given');
  assert.deepEqual(cache.purged, []);
  const second = receiptOf(await bed.purge('ams', [tag('b')]));
  assert.equal(statesOf(second).lon, 'cut-off');
  bed.heal('lon');
  await bed.untilTrusted();
  assert.deepEqual(cache.purged, ['tag a', 'tag b']);
  const third = receiptOf(await bed.purge('lon', [tag('c')]));
  const { lon } = statesOf(third);
  assert.ok(lon === 'cut-off' || bed.of('lon').cache.purged.at(-1) === 'tag c');
});

test('what is asked for at a PoP that is cut off is carried out when it is back', async (t) => {
  const bed = bedOf(t, ['ams', 'fra']);
  await bed.start();
  bed.cutOff('fra');
  const asked = bed.purge('fra', [tag('late')]);
  await until(() => bed.of('fra').cache.isInDoubt, 'doubt');
  bed.heal('fra');
  receiptOf(await asked);
  assert.ok(bed.first.cache.purged.includes('tag late'));
});

test('a coordinator that comes back knows the order, and what has been asked for before', async (t) => {
  const bed = bedOf(t, ['ams', 'fra']);
  await bed.start();
  const before = receiptOf(await bed.purge('fra', [tag('a')], { id: 'once' }));
  const { cache } = bed.of('fra');
  cache.purged.length = 0;
  await bed.first.bus.stop();
  await until(() => cache.isInDoubt, 'doubt');
  await bed.startPop('ams', { cache: bed.first.cache });
  await bed.untilTrusted();
  assert.deepEqual(cache.purged, [], 'nothing was missed, nothing is forgotten');
  const again = receiptOf(await bed.purge('fra', [tag('a')], { id: 'once' }));
  assert.equal(again.sequence, before.sequence);
  assert.deepEqual(cache.purged, [], 'it is the same purge');
  const other = await bed.purge('fra', [tag('b')], { id: 'once' });
  assert.ok(!other.ok && other.problem === 'id-taken');
  assert.ok(receiptOf(await bed.purge('fra', [tag('b')])).sequence > before.sequence);
});

test('a PoP that comes back takes up where its disk stands, one without a disk forgets all', async (t) => {
  const bed = bedOf(t, ['ams', 'fra', 'lon']);
  const lon = new NotedCache();
  lon.outlivesProcess = false;
  await bed.startPop('ams');
  await bed.startPop('fra');
  await bed.startPop('lon', { cache: lon });
  await bed.untilTrusted();
  receiptOf(await bed.purge('ams', [tag('a')]));
  for (const name of ['fra', 'lon']) await bed.of(name).bus.stop();
  assert.ok(bed.of('fra').cache.isInDoubt, 'it trusts nothing behind its end');
  receiptOf(await bed.purge('ams', [tag('b')]));
  const fra = await bed.startPop('fra');
  assert.ok(fra.cache.isInDoubt, 'nor behind its start');
  const again = new NotedCache();
  again.outlivesProcess = false;
  await bed.startPop('lon', { cache: again });
  await bed.untilTrusted();
  assert.deepEqual(fra.cache.purged, ['tag b']);
  assert.deepEqual(again.purged, ['all ']);
});

test('a PoP whose disk takes no purges confirms them, and is told them again behind its next start', async (t) => {
  const bed = bedOf(t, ['ams', 'fra'], CALM);
  await bed.start();
  receiptOf(await bed.purge('ams', [tag('a')]));
  const { cache } = bed.of('fra');
  cache.isBroken = true;
  receiptOf(await bed.purge('ams', [tag('b')]));
  cache.isBroken = false;
  receiptOf(await bed.purge('ams', [tag('c')]));
  await bed.of('fra').bus.stop();
  const { cache: next } = await bed.startPop('fra');
  await bed.untilTrusted();
  assert.deepEqual(next.purged, ['tag b', 'tag c']);
});

test('a place that can not be read is none', async (t) => {
  const bed = bedOf(t, ['ams', 'fra'], CALM);
  await bed.start();
  await bed.of('fra').bus.stop();
  writeFileSync(join(bed.of('fra').folder, 'position'), '{"epoch":');
  const { cache } = await bed.startPop('fra');
  await bed.untilTrusted();
  assert.deepEqual(cache.purged, ['all ']);
});

test('who does not know the secret gets no purges and stays in doubt', async (t) => {
  const bed = bedOf(t, ['ams', 'fra', 'lon']);
  await bed.startPop('ams');
  await bed.startPop('lon');
  const { cache, bus } = await bed.startPop('fra', { secret: 'another secret of test' });
  await until(() => (bus.endings.get('untrusted') ?? 0) > 1, 'two refusals');
  const receipt = receiptOf(await bed.purge('lon', [tag('a')]));
  assert.equal(statesOf(receipt).fra, 'cut-off');
  assert.ok(cache.isInDoubt);
  assert.deepEqual(cache.purged, []);
});

test('a PoP that leaves the settings is waited for no more, one that comes is', async (t) => {
  const bed = bedOf(t, ['ams', 'fra', 'lon']);
  await bed.start();
  const popsOf = (names: readonly string[]) =>
    names.map((name) => ({ name, shield: name === 'ams', bus: undefined }));
  bed.first.bus.setPops(popsOf(['ams', 'fra']));
  receiptOf(await bed.purge('fra', [tag('a')]));
  assert.ok(bed.of('lon').cache.isInDoubt, 'its lease was waited for');
  await until(() => bed.of('lon').cache.isInDoubt, 'doubt of who has left');
  const later = receiptOf(await bed.purge('fra', [tag('b')]));
  assert.deepEqual(Object.keys(statesOf(later)), ['ams', 'fra']);
  bed.first.bus.setPops(popsOf(['ams', 'fra', 'lon']));
  await bed.untilTrusted();
  assert.ok(bed.of('lon').cache.purged.includes('tag b'));
});

test('a network of one PoP needs no other and no port', async (t) => {
  const bed = bedOf(t, ['home'], CALM);
  await bed.start();
  const receipt = receiptOf(await bed.purge('home', [tag('a')]));
  assert.deepEqual(statesOf(receipt), { home: 'confirmed' });
  assert.equal(bed.first.bus.port, undefined);
});

test('a PoP that can not have its port releases all it took, and starts when it can', async (t) => {
  const bed = bedOf(t, ['ams', 'fra'], CALM);
  const other = await network.listen({
    ...{ address: { host: HOST, port: 0 }, backlog: 1, keepAliveMs: 0, handshakeTimeoutMs: 0 },
    ...{ admit: () => true, onAccept: (stream) => stream.destroy() },
    ...{ onHandshakeEnd: () => {}, onAcceptError: () => {} },
  });
  bed.port = other.port;
  await assert.rejects(bed.startPop('ams'), /already listens/);
  assert.ok(bed.first.cache.isInDoubt);
  await other.close();
  await bed.startPop('ams');
  await bed.untilTrusted(['ams']);
});

test('what is shown and measured says how far everybody is', async (t) => {
  const bed = bedOf(t, ['ams', 'fra'], CALM);
  await bed.start();
  const { sequence } = receiptOf(await bed.purge('fra', [tag('a')]));
  const { order, ...shown } = bed.first.bus.shown();
  assert.deepEqual(
    [shown.pop, shown.coordinator, shown.joined, shown.inDoubt, shown.waiting],
    ['ams', 'ams', true, false, 0],
  );
  assert.equal(shown.position?.sequence, sequence);
  assert.deepEqual([order?.sequence, order?.settled, order?.pending], [sequence, sequence, 0]);
  assert.deepEqual(
    order?.pops.map(({ pop, linked, confirmed, cutOff }) => [pop, linked, confirmed, cutOff]),
    [
      ['ams', true, sequence, false],
      ['fra', true, sequence, false],
    ],
  );
  assert.equal(bed.of('fra').bus.shown().order, undefined);
  const metrics = createMetrics();
  metrics.add(bed.first.bus.metrics());
  const text = metrics.text();
  assert.match(text, /plinth_edge_purge_receipts_total\{state="confirmed"\} 1/);
  assert.match(text, /plinth_edge_in_doubt 0/);
  const rows = bed.first.bus.operations().map(({ method, path }) => `${method} ${path}`);
  assert.deepEqual(rows, ['GET /purges', 'POST /purge']);
});
