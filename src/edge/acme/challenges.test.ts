import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bed } from '../../../tests/support/http-bed.ts';
import { answer } from '../../core/http/index.ts';
import { silentLogger } from '../../core/observe/index.ts';
import { createSimClock } from '../../core/runtime/sim/index.ts';
import { Challenges } from './challenges.ts';
import { CHALLENGE_MS_MAX, PUBLISH_MS_MAX } from './limits.ts';
import type { ChallengeAnswer, Sharing } from './sharing.ts';
import { Link } from './testing/link.ts';

const log = silentLogger();
const http = (token: string, value = `${token}.thumb`): ChallengeAnswer => ({
  kind: 'http-01',
  token,
  value,
});
const dns = (name: string, value: string): ChallengeAnswer => ({ kind: 'dns-01', name, value });

/** Notes what it serves. */
class Zone {
  readonly texts = new Map<string, readonly string[]>();
  refuses = '';

  async setText(name: string, values: readonly string[]): Promise<void> {
    await new Promise(setImmediate);
    if (name === this.refuses) throw new Error(`${name} is in no zone of ours`);
    if (values.length === 0) this.texts.delete(name);
    else this.texts.set(name, values);
  }
}

test('requests for tokens that are put up are answered; all others go on to the site', async () => {
  const challenges = new Challenges({ clock: createSimClock(), log, pop: 'ams' });
  const bed = await Bed.open(() => {}, {
    handler: () => (exchange) => {
      if (!challenges.answer(exchange)) answer(exchange, { status: 404, says: 'the site' });
    },
  });
  const ask = (method: string, path: string): Promise<string> =>
    bed.ask(`${method} ${path} HTTP/1.1\r\nHost: shop.org\r\nConnection: close\r\n\r\n`);
  const path = '/.well-known/acme-challenge/';
  assert.match(await ask('GET', `${path}abc`), /404/);
  const down = await challenges.put([http('abc')]);
  const found = await ask('GET', `${path}abc`);
  assert.match(found, /^HTTP\/1.1 200 OK\r\n/);
  assert.match(found, /content-type: application\/octet-stream/i);
  assert.match(found, /\r\n\r\nabc\.thumb$/);
  assert.match(await ask('HEAD', `${path}abc`), /^HTTP\/1.1 200 OK\r\n(.+\r\n)+\r\n$/);
  for (const [method, asked] of [
    ['GET', `${path}abcd`],
    ['GET', `${path}ab`],
    ['GET', path],
    ['GET', '/.well-known/acme-challengeX/abc'],
    ['POST', `${path}abc`],
    ['GET', '/'],
  ] as const) {
    assert.match(await ask(method, asked), /404/, asked);
  }
  assert.equal(challenges.answered, 2);
  await down();
  assert.match(await ask('GET', `${path}abc`), /404/);
  await bed.close();
});

test('TXT records: several values of one name stand together and go one by one', async () => {
  const zone = new Zone();
  const challenges = new Challenges({ clock: createSimClock(), log, pop: 'ams', records: zone });
  const name = '_acme-challenge.shop.org';
  const one = await challenges.put([dns(name, 'a'), dns(name, 'b')]);
  assert.deepEqual(zone.texts.get(name), ['a', 'b']);
  const two = await challenges.put([dns(name, 'c')]);
  assert.deepEqual(zone.texts.get(name), ['a', 'b', 'c']);
  await one();
  assert.deepEqual(zone.texts.get(name), ['c']);
  await Promise.all([two(), challenges.put([dns(name, 'd')])]);
  assert.deepEqual(zone.texts.get(name), ['d']);
});

test('a zone that is not ours: the error is told, and nothing stays put up', async () => {
  const zone = new Zone();
  zone.refuses = '_acme-challenge.foreign.org';
  const challenges = new Challenges({ clock: createSimClock(), log, pop: 'ams', records: zone });
  const answers = [dns(zone.refuses, 'a'), dns('_acme-challenge.shop.org', 'b')];
  await assert.rejects(challenges.put(answers), /in no zone of ours/);
  assert.equal(zone.texts.size, 0);
});

test('other PoPs answer what one has put up, in DNS too, until it is taken down', async () => {
  const link = new Link();
  const clock = createSimClock();
  const zones = [new Zone(), new Zone()];
  const [one] = zones.map(
    (records, i) => new Challenges({ clock, log, pop: `pop${i}`, records, sharing: link.end() }),
  );
  const down = await one!.put([dns('_acme-challenge.shop.org', 'a'), http('t')]);
  await new Promise(setImmediate);
  assert.deepEqual(
    zones.map(({ texts }) => [...texts]),
    Array(2).fill([['_acme-challenge.shop.org', ['a']]]),
  );
  await down();
  await new Promise(setImmediate);
  assert.deepEqual(
    zones.map(({ texts }) => texts.size),
    [0, 0],
  );
});

test('a PoP that is gone with its challenges put up: the others forget them', async () => {
  const link = new Link();
  const clock = createSimClock();
  const zone = new Zone();
  const end = link.end();
  const gone = new Challenges({ clock, log, pop: 'gone', sharing: end });
  const left = new Challenges({ clock, log, pop: 'left', records: zone, sharing: link.end() });
  await gone.put([dns('_acme-challenge.shop.org', 'a')]);
  end.isCut = true;
  await clock.advance(CHALLENGE_MS_MAX - 1000);
  assert.equal(zone.texts.size, 1);
  await clock.advance(2000);
  await new Promise(setImmediate);
  assert.equal(zone.texts.size, 0);
  left.stop();
});

test('a link that never tells that others have it holds up an order for a few seconds only', async () => {
  const clock = createSimClock();
  const sharing: Sharing = { publish: () => new Promise(() => {}), onReceived() {} };
  const challenges = new Challenges({ clock, log, pop: 'ams', sharing });
  await clock.settle(challenges.put([http('t')]));
  assert.equal(clock.monotonicMs(), PUBLISH_MS_MAX);
});
