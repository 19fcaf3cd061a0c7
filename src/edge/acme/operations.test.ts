import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from '../../core/observe/index.ts';
import { factsOf } from './certificate-facts.ts';
import { Keeping } from './keeping.ts';
import { acmeMetrics, acmeMetricTable } from './metrics.ts';
import { acmeOperations } from './operations.ts';
import { placeholderFor } from './placeholder.ts';
import { FRESH, failed, renewed } from './schedule.ts';
import { showCertificate } from './shown.ts';
import { signedPair } from './testing/fake-authority.ts';

const now = Date.UTC(2026, 0, 1);
const DAY = 24 * 3_600_000;
const names = ['shop.org'];
const pair = await signedPair(names, now, now + 90 * DAY);

async function keepings(): Promise<[Keeping, Keeping]> {
  const good = new Keeping({ name: 'shop', names });
  good.held = { pair, facts: factsOf(pair)! };
  good.course = renewed(good.held.facts, now);
  const stuck = new Keeping({ name: 'blog', names: ['blog.org'] });
  const own = await placeholderFor(['blog.org'], now, Buffer.alloc(16, 1));
  stuck.held = { pair: own, facts: factsOf(own)! };
  stuck.course = failed(FRESH, { nowMs: now, retryAfterMs: undefined, chance: 0 });
  stuck.lastFailure = { atMs: now, code: 'unreachable', says: 'the authority is away' };
  return [good, stuck];
}

test('shown: what is held, until when, what comes next and what has failed', async () => {
  const [good, stuck] = await keepings();
  const shown = showCertificate(good, now);
  assert.equal(shown.state, 'valid');
  assert.equal(shown.issuer, 'Test authority');
  assert.equal(shown.notAfter, '2026-04-01T00:00:00.000Z');
  assert.equal(shown.nextRenewal, '2026-03-02T00:00:00.000Z');
  assert.equal(shown.lastFailure, null);
  assert.equal(showCertificate(good, now + 91 * DAY).state, 'expired');
  good.course = { ...good.course, held: undefined };
  assert.equal(showCertificate(good, now).state, 'unfit');
  const other = showCertificate(stuck, now);
  assert.deepEqual(
    [other.state, other.issuer, other.notAfter, other.failures, other.nextRenewal],
    ['placeholder', null, null, 1, '2026-01-01T00:01:00.000Z'],
  );
  assert.deepEqual(other.lastFailure, {
    ...{ at: '2026-01-01T00:00:00.000Z', code: 'unreachable', says: 'the authority is away' },
  });
  assert.equal(showCertificate(stuck, now + DAY).nextRenewal, null);
});

test('operations: a list for all, a renewal for those who may, each refusal with its reason', async () => {
  let isCoordinator = true;
  const renewedNames: string[] = [];
  const [list, renew] = acmeOperations({
    shown: () => ({ isCoordinator, certificates: [], leftOut: [] }),
    renew: (name) => {
      renewedNames.push(name);
      return name === 'shop';
    },
  });
  assert.deepEqual([list?.needsToken, renew?.needsToken], [false, true]);
  assert.deepEqual(await list!.run({ names: {}, body: undefined }), {
    ok: true,
    body: { isCoordinator: true, certificates: [], leftOut: [] },
  });
  const ask = (certificate: string) => renew!.run({ names: { certificate }, body: undefined });
  assert.deepEqual(await ask('shop'), {
    ...{ ok: true, status: 202, body: { asked: true, certificate: 'shop' } },
  });
  assert.deepEqual(await ask('other'), {
    ...{ ok: false, status: 404, problem: 'no-such-certificate' },
    title: 'There is no such certificate.',
    detail: 'no certificate is called other',
  });
  isCoordinator = false;
  assert.equal(((await ask('shop')) as { problem: string }).problem, 'not-coordinator');
  assert.deepEqual(renewedNames, ['shop', 'other']);
});

test('metrics: expiry by certificate, 0 for a placeholder; renewals and failures by reason', async () => {
  const metrics = createMetrics();
  const counts = { renewals: 3, received: 2, failures: new Map([['unreachable', 4] as const]) };
  metrics.add(acmeMetrics({ all: await keepings(), counts }, { answered: 7 }));
  const text = metrics.text();
  for (const line of [
    `plinth_edge_certificate_expiry_timestamp_seconds{certificate="shop"} ${(now + 90 * DAY) / 1000}`,
    'plinth_edge_certificate_expiry_timestamp_seconds{certificate="blog"} 0',
    'plinth_edge_certificate_renewals_total 3',
    'plinth_edge_certificates_received_total 2',
    'plinth_edge_certificate_failures_total{reason="unreachable"} 4',
    'plinth_edge_certificate_failures_total{reason="refused"} 0',
    'plinth_edge_challenges_answered_total 7',
  ]) {
    assert.ok(text.includes(`${line}\n`), line);
  }
  assert.equal(acmeMetricTable().length, 5);
});
