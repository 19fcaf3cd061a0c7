import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../../core/observe/index.ts';
import { createSimClock } from '../../core/runtime/sim/index.ts';
import { DEFAULT_KEY_RULE } from '../key/key-fields.ts';
import { KeyMaker } from '../key/key-maker.ts';
import type { Purge } from './purge.ts';
import { PurgeLedger } from './purge-ledger.ts';
import type { PurgeAsked } from './purge-plan.ts';
import { type CarriedOutcome, Purger, type Purging } from './purger.ts';

const WHO: Purging = { who: 'somebody', by: 'test', id: 'once' };
const TAG: PurgeAsked = { kind: 'tag', value: 'news', soft: false };

function purgerOf(keep: (purge: Purge, seq: number) => Promise<void> = async () => {}) {
  const ledger = new PurgeLedger();
  const purger = new Purger({
    ...{ ledger, keep, clock: createSimClock(), log: silentLogger() },
    settings: () => ({ method: true, token: undefined, networks: [], perSecond: 1, burst: 2 }),
    makers: () => [new KeyMaker(DEFAULT_KEY_RULE)],
    onPurged: () => {},
  });
  return { ledger, purger };
}

test('in a network what is asked for is carried, and is not done here before the network says so', async () => {
  const { ledger, purger } = purgerOf();
  const carried: unknown[] = [];
  let outcome: CarriedOutcome = { ok: true, seq: 70, receipt: { pops: 3 } };
  purger.carrier = {
    carry: async (asked, purging) => {
      carried.push(asked, purging);
      return outcome;
    },
  };
  assert.deepEqual(await purger.purge([TAG], WHO), {
    ...{ ok: true, seq: 70, names: 1, responses: null, receipt: { pops: 3 } },
  });
  assert.deepEqual(carried, [[TAG], WHO]);
  assert.equal(ledger.seq, 0);
  outcome = { ok: false, problem: 'no-receipt', detail: 'late' };
  const refused = await purger.purge([TAG], WHO);
  assert.deepEqual(refused, { ok: false, problem: 'no-receipt', detail: 'late', waitMs: 0 });
  assert.equal(purger.counts.refused.get('no-receipt'), 1);
});

test('in a network what is no purge, or too often, is refused where it is asked for', async () => {
  const { purger } = purgerOf();
  purger.carrier = { carry: () => assert.fail('it is not carried') };
  const bad = await purger.purge([{ kind: 'url', value: 'ftp://a.test/', soft: false }], WHO);
  assert.ok(!bad.ok && bad.problem === 'bad-purge');
  const often = await purger.purge([TAG, TAG, TAG], WHO);
  assert.ok(!often.ok && often.problem === 'too-often');
});

test('what the network has decided on is done at once, whatever the rate', async () => {
  const { ledger, purger } = purgerOf();
  for (let nth = 1; nth <= 5; nth++) {
    const applied = purger.apply([TAG], WHO);
    assert.equal(ledger.seq, nth);
    await applied;
  }
});

test('what the network has decided on and has no name here is taken for everything', async () => {
  const { ledger, purger } = purgerOf();
  const tags = ledger.retainTags(['other']);
  await purger.apply([{ kind: 'url', value: 'ftp://a.test/', soft: true }], WHO);
  assert.equal(ledger.verdictOn('http://a.test/', tags, 0), 'hard');
});

test('what could not be written is in force, and those who wait for that are told', async () => {
  const { ledger, purger } = purgerOf(() => Promise.reject(new Error('full')));
  await assert.rejects(purger.apply([TAG], WHO), /full/);
  const tags = ledger.retainTags(['news']);
  assert.equal(ledger.verdictOn('http://a.test/', tags, 0), 'hard');
});
