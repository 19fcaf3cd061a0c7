import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../../core/observe/index.ts';
import {
  createSimClock,
  createSimRandom,
  type SimClock,
  SimDisk,
} from '../../core/runtime/sim/index.ts';
import { AccountFile } from './account-file.ts';
import { CertificateFiles } from './certificate-files.ts';
import { Certificates } from './certificates.ts';
import { Challenges } from './challenges.ts';
import { ORDERS_PER_HOUR_MAX } from './limits.ts';
import { FakeAuthority, no, signedPair } from './testing/fake-authority.ts';
import { Link } from './testing/link.ts';
import type { WantedCertificate } from './wanted.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const shop: WantedCertificate = { name: 'shop', names: ['shop.org', 'www.shop.org'] };
const start = createSimClock().wallMs();
/** Signed on these days, each for ninety. */
const signed = new Map(
  await Promise.all(
    [0, 1, 60, 120].map(
      async (day) =>
        [day, await signedPair(shop.names, start + day * DAY, start + (day + 90) * DAY)] as const,
    ),
  ),
);
const onDay = (day: number) => signed.get(day) as NonNullable<ReturnType<typeof signed.get>>;

interface PopOptions {
  readonly clock?: SimClock;
  readonly disk?: SimDisk;
  readonly link?: Link;
  readonly authority?: FakeAuthority;
  readonly name?: string;
  readonly secret?: string;
}

function pop(options: PopOptions = {}) {
  const { clock = createSimClock(), link, name = 'ams', secret = 'secret of PoPs' } = options;
  const random = createSimRandom(1);
  const disk = options.disk ?? new SimDisk(clock, random);
  const authority = options.authority ?? new FakeAuthority(clock);
  const log = silentLogger();
  const end = link?.end();
  disk.mkdirSync('/acme');
  const role = { coordinates: true };
  const told: string[] = [];
  const account = new AccountFile(disk, '/acme');
  const certificates = new Certificates(
    {
      ...{ clock, random, disk, log, pop: name, account },
      folder: '/acme/certificates',
      board: new Challenges({ clock, log, pop: name, ...(end && { sharing: end }) }),
      ...(end && { shared: { sharing: end, secret } }),
      isCoordinator: () => role.coordinates,
      onRenewed: (each) => told.push(each),
    },
    authority,
  );
  const of = (of: string) => [...certificates.all].find(({ wanted }) => wanted.name === of);
  const onDisk = (of: string) => new CertificateFiles(disk, '/acme/certificates').load(of);
  return { clock, disk, authority, certificates, told, role, of, onDisk, end, account };
}

test('at start: a placeholder is on disk at once, then the certificate takes its place and is told', async () => {
  const { certificates, authority, told, onDisk, clock } = pop();
  authority.plan = [onDay(0)];
  await certificates.start([shop]);
  const first = onDisk('shop');
  assert.equal(first?.facts.isOwn, true);
  assert.deepEqual(first?.facts.names, shop.names);
  await clock.advance(1000);
  assert.deepEqual(onDisk('shop')?.pair, onDay(0));
  assert.deepEqual(told, ['shop']);
  assert.equal(certificates.counts.renewals, 1);
  certificates.stop();
});

test('renewal: after two thirds of the life, once, saying which certificate it replaces', async () => {
  const { certificates, authority, clock, onDisk, told } = pop();
  authority.plan = [onDay(0), onDay(60)];
  await certificates.start([shop]);
  await clock.advance(60 * DAY - HOUR);
  assert.equal(authority.orders.length, 1);
  await clock.advance(2 * HOUR);
  assert.equal(authority.orders.length, 2);
  assert.equal(authority.orders[0]?.order.replaces, undefined);
  assert.deepEqual(authority.orders[1]?.order.replaces, onDay(0));
  assert.deepEqual(onDisk('shop')?.pair, onDay(60));
  await clock.advance(50 * DAY);
  assert.equal(authority.orders.length, 2);
  assert.deepEqual(told, ['shop', 'shop']);
  certificates.stop();
});

test('failures: tried again later and later, the old certificate in use, the reason shown', async () => {
  const { certificates, authority, clock, onDisk, of } = pop();
  authority.plan = [
    onDay(0),
    ...Array.from({ length: 7 }, () => no('challenge-failed')),
    onDay(60),
  ];
  await certificates.start([shop]);
  await clock.advance(60 * DAY + HOUR);
  const [, ...tries] = authority.orders.map(({ atMs }) => atMs);
  const waits = tries.slice(1).map((atMs, i) => Math.floor((atMs - (tries[i] as number)) / MINUTE));
  assert.equal(waits.length, 4);
  for (const [i, least] of [1, 3, 9, 27].entries()) {
    assert.ok((waits[i] as number) >= least && (waits[i] as number) <= least * 1.3 + 1, `${waits}`);
  }
  assert.equal(of('shop')?.lastFailure?.code, 'challenge-failed');
  assert.deepEqual(onDisk('shop')?.pair, onDay(0));
  assert.equal(authority.orders.at(-1)?.order.replaces, undefined);
  await clock.advance(2 * DAY);
  assert.deepEqual(onDisk('shop')?.pair, onDay(60));
  assert.equal(of('shop')?.lastFailure, undefined);
  assert.equal(certificates.counts.failures.get('challenge-failed'), 7);
  certificates.stop();
});

test('an authority that names a time: it is kept, over a restart and against operators', async () => {
  const before = pop();
  before.authority.plan = [no('rate-limited', { retryAfterMs: 5 * HOUR })];
  await before.certificates.start([shop]);
  await before.clock.advance(MINUTE);
  before.certificates.stop();
  const after = pop({ clock: before.clock, disk: before.disk });
  after.authority.plan = [onDay(0)];
  await after.certificates.start([shop]);
  assert.equal(after.certificates.renew('shop'), true);
  await after.clock.advance(4.9 * HOUR);
  assert.equal(after.authority.orders.length, 0);
  await after.clock.advance(0.2 * HOUR);
  assert.equal(after.authority.orders.length, 1);
  after.certificates.stop();
});

test('a process that starts over and over does not ask over and over', async () => {
  const { clock, disk } = pop();
  const authority = new FakeAuthority(clock);
  for (let i = 0; i < 100; i++) {
    const { certificates } = pop({ clock, disk, authority });
    await certificates.start([shop]);
    await clock.advance(MINUTE);
    certificates.stop();
  }
  assert.ok(authority.orders.length <= 6, `${authority.orders.length} orders in 100 minutes`);
});

test('an operator asks: a new one at once; nobody has a certificate of an unknown name', async () => {
  const { certificates, authority, clock, told } = pop();
  authority.plan = [onDay(0), onDay(1)];
  await certificates.start([shop]);
  await clock.advance(MINUTE);
  assert.equal(certificates.renew('shop'), true);
  assert.equal(certificates.renew('other'), false);
  await clock.advance(1000);
  assert.deepEqual(told, ['shop', 'shop']);
  certificates.stop();
});

test('another name, or another authority: a new certificate at once, the old one in use until then', async () => {
  const { certificates, authority, clock, onDisk } = pop();
  authority.plan = [onDay(0)];
  await certificates.start([shop]);
  await clock.advance(MINUTE);
  const wider = { name: 'shop', names: ['new.shop.org', ...shop.names] };
  await certificates.change([wider], authority);
  await clock.advance(100);
  assert.deepEqual(authority.orders.at(-1)?.order.names, wider.names);
  assert.deepEqual(onDisk('shop')?.pair, onDay(0));
  const other = new FakeAuthority(clock, 'https://other.test/directory');
  other.plan = [onDay(1)];
  await certificates.change([shop], other);
  await clock.advance(100);
  assert.equal(other.orders.length, 1);
  assert.deepEqual(onDisk('shop')?.pair, onDay(1));
  await certificates.change([shop], other);
  await clock.advance(DAY);
  assert.equal(other.orders.length, 1);
  certificates.stop();
});

test('many at once: one order at a time, so many an hour, all of them in the end', async () => {
  const { certificates, authority, clock } = pop();
  const many = Array.from({ length: 90 }, (_, i) => ({ name: `s${i}`, names: shop.names }));
  authority.plan = many.map(() => onDay(0));
  await certificates.start(many);
  await clock.advance(59 * MINUTE);
  assert.equal(authority.orders.length, ORDERS_PER_HOUR_MAX);
  await clock.advance(2 * MINUTE);
  assert.equal(authority.orders.length, 90);
  assert.equal(authority.mostAtOnce, 1);
  certificates.stop();
});

test('the clock of people jumps back a year and forward ten: no loop, and what is due comes', async () => {
  const { certificates, authority, clock } = pop();
  authority.plan = [no('unreachable'), onDay(0)];
  await certificates.start([shop]);
  await clock.advance(100);
  clock.jumpWall(-365 * DAY);
  await clock.advance(2 * HOUR);
  assert.equal(authority.orders.length, 2);
  authority.plan = Array.from({ length: 50 }, () => onDay(1));
  clock.jumpWall(3650 * DAY);
  await clock.advance(5 * DAY);
  const tries = authority.orders.length - 2;
  assert.ok(tries >= 4 && tries <= 6, `${tries} orders in 5 days`);
  certificates.stop();
});

test('the authority suggests a time: it is kept, and a change of mind too', async () => {
  const { certificates, authority, clock, of } = pop();
  authority.plan = [onDay(0), onDay(60)];
  const window = (fromDay: number) => ({
    startMs: start + fromDay * DAY,
    endMs: start + (fromDay + 1) * DAY,
    askAgainMs: 6 * HOUR,
  });
  authority.window = window(40);
  await certificates.start([shop]);
  await clock.advance(DAY);
  const chosen = of('shop')?.course.suggestedMs ?? 0;
  assert.ok(chosen >= start + 40 * DAY && chosen < start + 41 * DAY);
  await clock.advance(10 * DAY);
  assert.equal(of('shop')?.course.suggestedMs, chosen);
  // As when certificates are to be revoked.
  authority.window = window(-1);
  await clock.advance(7 * HOUR);
  assert.equal(authority.orders.length, 2);
  assert.ok(authority.wishesAsked > 40);
  certificates.stop();
});

test('what is missing is asked for before the wishes for what is held', async () => {
  const { certificates, authority, clock } = pop();
  authority.plan = [onDay(0), onDay(1)];
  await certificates.start([shop]);
  await clock.advance(25);
  const order: string[] = [];
  const { obtain, renewalWindow } = authority;
  authority.obtain = (...given) => {
    order.push('order');
    return obtain.apply(authority, given);
  };
  authority.renewalWindow = () => {
    order.push('wishes');
    return renewalWindow.apply(authority);
  };
  await certificates.change([shop, { name: 'blog', names: shop.names }], authority);
  await clock.advance(1000);
  assert.deepEqual(order, ['order', 'wishes', 'wishes']);
  certificates.stop();
});

test('a full disk: no certificate is lost that is held, and it is tried again', async () => {
  const { certificates, authority, clock, disk, of, onDisk } = pop();
  authority.plan = [onDay(0), onDay(60), onDay(60)];
  await certificates.start([shop]);
  await clock.advance(59 * DAY);
  disk.failAll('write', 'ENOSPC');
  await clock.advance(DAY + 30_000);
  assert.equal(of('shop')?.lastFailure?.code, 'disk');
  assert.deepEqual(of('shop')?.held?.pair, onDay(0));
  disk.heal();
  await clock.advance(HOUR);
  assert.deepEqual(onDisk('shop')?.pair, onDay(60));
  certificates.stop();
});

test('one PoP obtains, the others take it, keep it on disk, and start without the first', async () => {
  const clock = createSimClock();
  const link = new Link();
  const [one, two] = ['ams', 'fra'].map((name) => pop({ clock, link, name }));
  two!.role.coordinates = false;
  one!.authority.plan = [onDay(0)];
  one!.account.save({ key: 'K', directory: 'd', url: 'u', contact: [] });
  await two!.certificates.start([shop]);
  await one!.certificates.start([shop]);
  await clock.advance(MINUTE);
  assert.deepEqual(two!.onDisk('shop')?.pair, onDay(0));
  assert.deepEqual(two!.told, ['shop']);
  assert.equal(two!.authority.orders.length, 0);
  assert.equal(two!.account.load()?.key, 'K');
  assert.ok(link.wire.every((text) => !/PRIVATE KEY|"K"/.test(text)));
  two!.certificates.stop();
  one!.certificates.stop();

  const again = pop({ clock, disk: two!.disk, name: 'fra' });
  again.role.coordinates = false;
  await again.certificates.start([shop]);
  assert.deepEqual(again.of('shop')?.held?.pair, onDay(0));
  again.certificates.stop();
});

test('a PoP that was cut off gets what it missed; one of another secret gets nothing', async () => {
  const clock = createSimClock();
  const link = new Link();
  const [one, two] = ['ams', 'fra'].map((name) => pop({ clock, link, name }));
  const stranger = pop({ clock, link, name: 'eve', secret: 'guessed' });
  one!.authority.plan = [onDay(0), onDay(60)];
  for (const each of [two!, stranger]) {
    each.role.coordinates = false;
    await each.certificates.start([shop]);
  }
  await one!.certificates.start([shop]);
  await clock.advance(MINUTE);
  two!.end!.isCut = true;
  await clock.advance(60 * DAY);
  assert.deepEqual(one!.onDisk('shop')?.pair, onDay(60));
  assert.deepEqual(two!.onDisk('shop')?.pair, onDay(0));
  two!.end!.isCut = false;
  await clock.advance(2 * HOUR);
  assert.deepEqual(two!.onDisk('shop')?.pair, onDay(60));
  assert.equal(stranger.onDisk('shop')?.facts.isOwn, true);
  for (const each of [one!, two!, stranger]) each.certificates.stop();
});

test('a coordinator that has lost its disk takes what the others hold instead of asking anew', async () => {
  const clock = createSimClock();
  const link = new Link();
  const [one, two] = ['ams', 'fra'].map((name) => pop({ clock, link, name }));
  two!.role.coordinates = false;
  one!.authority.plan = [onDay(0)];
  await two!.certificates.start([shop]);
  await one!.certificates.start([shop]);
  await clock.advance(MINUTE);
  one!.certificates.stop();
  one!.end!.isCut = true;
  const fresh = pop({ clock, link, name: 'ams' });
  await fresh.certificates.start([shop]);
  await clock.advance(HOUR);
  assert.deepEqual(fresh.onDisk('shop')?.pair, onDay(0));
  assert.equal(fresh.authority.orders.length, 0);
  for (const each of [two!, fresh]) each.certificates.stop();
});

test('a PoP takes over: it renews when the coordinator is gone', async () => {
  const { certificates, authority, clock, role } = pop();
  role.coordinates = false;
  authority.plan = [onDay(0)];
  await certificates.start([shop]);
  await clock.advance(DAY);
  assert.equal(authority.orders.length, 0);
  role.coordinates = true;
  certificates.look();
  await clock.advance(1000);
  assert.equal(authority.orders.length, 1);
  certificates.stop();
});
