import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultsOf, Secret, section } from '../../core/config/index.ts';
import { answer, type Handler } from '../../core/http/index.ts';
import { createLogger, createMetrics } from '../../core/observe/index.ts';
import { createSimClock, createSimRandom, type SimClock } from '../../core/runtime/sim/index.ts';
import { FieldId } from '../../core/wire/index.ts';
import { Guard } from './guard.ts';
import {
  DEFAULT_RULE,
  type GuardRuleSettings,
  type GuardSettings,
  guardConflicts,
  guardFields,
} from './guard-fields.ts';
import { guardMetrics } from './guard-metrics.ts';
import { Visit, type VisitOptions } from './visit-fixture.ts';

const standard: GuardSettings = {
  ...defaultsOf(section('guard', 'For tests.', guardFields)),
  memoryBytes: 1 << 20,
};

const geo = {
  find: (address: Buffer) =>
    ({ 1: { country: 'DE', asn: 1 }, 2: { country: 'FR', asn: 2 } })[address[3] ?? 0],
};

/** A guard in front of a stage that answers 200. */
class Bed {
  readonly clock: SimClock = createSimClock();
  readonly guard: Guard;
  readonly lines: string[] = [];
  load = 0;
  private readonly handler: Handler;

  constructor(rule: Partial<GuardRuleSettings> = {}, settings: Partial<GuardSettings> = {}) {
    const log = createLogger({ level: 'info', sink: { write: (line) => this.lines.push(line) } });
    this.guard = new Guard(Bed.settings(rule, settings), {
      ...{ clock: this.clock, random: createSimRandom(1), log, geo },
      load: () => this.load,
    });
    this.handler = this.guard.make('r', 'route', (exchange) => {
      answer(exchange, { status: 200, says: 'fine' });
    }) as Handler;
    assert.ok(this.handler !== undefined);
  }

  static settings(
    rule: Partial<GuardRuleSettings>,
    settings: Partial<GuardSettings> = {},
  ): GuardSettings {
    return { ...standard, ...settings, rules: [{ ...DEFAULT_RULE, name: 'r', ...rule }] };
  }

  ask(from: string, options: VisitOptions = {}): Visit {
    const visit = new Visit('/', { ...options, from, wallMs: this.clock.wallMs() });
    visit.startedMs = this.clock.monotonicMs();
    visit.route = 'route';
    this.handler(visit);
    return visit;
  }

  /** Statuses of some requests at once. */
  statuses(from: string, count: number): number[] {
    return Array.from({ length: count }, () => this.ask(from).status);
  }
}

const passed = (statuses: readonly number[]): number =>
  statuses.filter((status) => status === 200).length;

test('a rate: a burst passes, then as many as time gives, then 429 with Retry-After', async () => {
  const bed = new Bed({ perSecond: 10, burst: 40 });
  const first = passed(bed.statuses('192.0.2.1', 100));
  assert.equal(first, 40);
  const refused = bed.ask('192.0.2.1');
  assert.deepEqual([refused.status, refused.journey.failure], [429, 'guard-rate']);
  assert.equal(refused.field('retry-after'), '1');
  assert.equal(refused.field('cache-control'), 'no-store');
  assert.equal(passed(bed.statuses('192.0.2.2', 20)), 20);
  assert.equal(passed(bed.statuses('2001:db8::1', 20)), 20);
  await bed.clock.advance(1000);
  assert.equal(passed(bed.statuses('192.0.2.1', 30)), 10);
  assert.equal(bed.guard.counts.mitigated.get('rate'), 100 - first + 1 + 20);
});

test('all addresses of an IPv6 /64 are one client; those of a /24 share a wide limit', () => {
  const six = new Bed({ perSecond: 10, burst: 40 });
  let count = 0;
  for (let i = 0; i < 100; i++) if (six.ask(`2001:db8::${i.toString(16)}`).status === 200) count++;
  assert.equal(count, 40);
  const wide = new Bed({ widePerSecond: 10, wideBurst: 80 });
  const failures = new Set<string>();
  count = 0;
  for (let i = 0; i < 200; i++) {
    const visit = wide.ask(`192.0.2.${i}`);
    if (visit.status === 200) count++;
    else failures.add(visit.journey.failure);
  }
  assert.equal(count, 80);
  assert.deepEqual([...failures], ['guard-rate-wide']);
  assert.equal(wide.ask('192.0.3.1').status, 200);
});

test('two rules count apart, and a rule that changes holds at once', () => {
  const bed = new Bed({ perSecond: 1, burst: 8 });
  const settings = Bed.settings({ perSecond: 1, burst: 8 });
  bed.guard.apply({ ...settings, rules: [...settings.rules, { ...DEFAULT_RULE, name: 'open' }] });
  assert.ok(passed(bed.statuses('192.0.2.1', 50)) < 20);
  let others = 0;
  const open = bed.guard.make('open', 'other', () => others++);
  open?.(new Visit('/', { from: '192.0.2.1' }));
  assert.equal(others, 1);
  bed.guard.apply(Bed.settings({}));
  assert.equal(passed(bed.statuses('192.0.2.1', 50)), 50);
  assert.equal(
    bed.guard.make('open', 'other', () => {}),
    undefined,
  );
  assert.ok(bed.guard.make('default', 'other', () => {}) !== undefined);
});

test('over: close ends the connection, but not that of a proxy', () => {
  const bed = new Bed({ perSecond: 1, burst: 8, over: 'close' });
  const visits = Array.from({ length: 30 }, () => bed.ask('192.0.2.1'));
  assert.ok(visits.at(-1)?.aborted);
  assert.equal(visits.at(-1)?.status, 429);
  const options = { isTrusted: true, fields: ['X-Forwarded-For: 192.0.2.7'] };
  const proxied = Array.from({ length: 30 }, () => bed.ask('10.0.0.1', options));
  assert.deepEqual([proxied.at(-1)?.aborted, proxied.at(-1)?.status], [false, 429]);
  assert.match(proxied.at(-1)?.body ?? '', /You ask too much/);
});

test('a proxy that is believed is not held back for those behind it', () => {
  const bed = new Bed({ perSecond: 1, burst: 8 });
  const asProxy = (...fields: string[]): Visit => bed.ask('10.0.0.1', { isTrusted: true, fields });
  const own = Array.from({ length: 50 }, () => asProxy().status);
  assert.equal(passed(own), 50);
  const visit = asProxy('X-Forwarded-For: 192.0.2.7');
  for (let i = 0; i < 50; i++) {
    // Of a message that could not be read nobody knows for whom it was.
    bed.guard.ended(asProxy(), 'refused');
    bed.guard.ended(visit, 'refused');
  }
  assert.ok(bed.guard.admits('10.0.0.1'));
  assert.equal(bed.guard.admits('192.0.2.7'), false);
  assert.equal(asProxy('X-Forwarded-For: 192.0.2.8').status, 200);
});

test('requests under way: as many as the rule allows, once their ends are told', () => {
  const bed = new Bed({ concurrent: 2 });
  const [one, two] = [bed.ask('192.0.2.1'), bed.ask('192.0.2.1')];
  bed.guard.ended(one, 'complete');
  bed.guard.ended(two, 'complete');
  const visits = Array.from({ length: 3 }, () => bed.ask('192.0.2.1'));
  assert.deepEqual(
    visits.map(({ status }) => status),
    [200, 200, 429],
  );
  assert.equal(visits[2]?.journey.failure, 'guard-concurrent');
  assert.equal(bed.ask('192.0.2.2').status, 200);
  for (const visit of visits) bed.guard.ended(visit, 'complete');
  assert.deepEqual(bed.statuses('192.0.2.1', 3), [200, 200, 429]);
});

test('bytes: who was sent too much waits until it is paid', async () => {
  const bed = new Bed({ sentBytesPerSecond: 1000, sentBurstBytes: 50_000 });
  const film = bed.ask('192.0.2.1');
  film.sentBytes = 52_000;
  bed.guard.ended(film, 'complete');
  const refused = bed.ask('192.0.2.1');
  assert.deepEqual([refused.status, refused.journey.failure], [429, 'guard-bytes']);
  assert.equal(refused.field('retry-after'), '2');
  assert.equal(bed.ask('192.0.2.2').status, 200);
  await bed.clock.advance(2000);
  assert.equal(bed.ask('192.0.2.1').status, 200);
});

test('who is denied by network, country or system gets nothing; who is allowed always all', () => {
  const bed = new Bed(
    { perSecond: 1, burst: 8 },
    {
      denyNetworks: ['198.51.100.0/24', '2001:db8::/32'],
      denyCountries: ['DE'],
      denyAsns: ['2'],
      allowNetworks: ['10.0.0.0/8', '198.51.100.9'],
    },
  );
  const outcome = (from: string): string => {
    const { status, journey } = bed.ask(from);
    return `${status} ${journey.failure}`;
  };
  assert.equal(outcome('198.51.100.1'), '403 guard-denied-network');
  assert.equal(outcome('2001:db8:9::1'), '403 guard-denied-network');
  assert.equal(outcome('192.0.2.1'), '403 guard-denied-country');
  assert.equal(outcome('192.0.2.2'), '403 guard-denied-asn');
  assert.equal(outcome('192.0.2.3'), '200 ');
  assert.equal(outcome('198.51.100.9'), '200 ');
  assert.equal(passed(bed.statuses('10.0.0.1', 100)), 100);
  assert.equal(outcome('/run/socket'), '200 ');
  assert.deepEqual(
    ['198.51.100.1', '10.0.0.1', '192.0.2.1', 'no address'].map((from) => bed.guard.admits(from)),
    [false, true, true, true],
  );
});

test('misdeeds block a client: its requests are told, then cut; its connections are not taken', async () => {
  const bed = new Bed({}, { penalties: { ...standard.penalties, points: 100 } });
  const bad = bed.ask('192.0.2.1');
  for (let i = 0; i < 5; i++) bed.guard.ended(bad, 'body-timeout');
  const refused = bed.ask('192.0.2.1');
  assert.deepEqual([refused.status, refused.journey.failure], [429, 'guard-blocked']);
  assert.equal(refused.field('retry-after'), '60');
  for (let i = 0; i < 20; i++) bed.ask('192.0.2.1');
  assert.ok(bed.ask('192.0.2.1').aborted);
  assert.equal(bed.guard.admits('192.0.2.1'), false);
  assert.ok(bed.guard.admits('192.0.2.2'));
  assert.deepEqual(
    bed.guard.shown().blocks.map(({ network, reason }) => [network, reason]),
    [['192.0.2.1', 'body-timeout']],
  );
  assert.match(bed.lines.join(), /"client":"192\.0\.2\.1","misdeed":"body-timeout","forMs":60000/);
  await bed.clock.advance(60_000);
  assert.equal(bed.ask('192.0.2.1').status, 200);
  assert.ok(bed.guard.admits('192.0.2.1'));
});

test('what ends a request well, or late, is no misdeed', () => {
  const bed = new Bed({}, { penalties: { ...standard.penalties, points: 2 } });
  const visit = bed.ask('192.0.2.1');
  visit.sentBytes = 1000;
  for (let i = 0; i < 50; i++) {
    bed.guard.ended(visit, 'complete');
    bed.guard.ended(visit, 'client-aborted');
    bed.guard.ended(visit, 'response-aborted');
  }
  assert.equal(bed.ask('192.0.2.1').status, 200);
  visit.sentBytes = 0;
  bed.guard.ended(visit, 'client-aborted');
  bed.guard.ended(visit, 'client-aborted');
  assert.equal(bed.ask('192.0.2.1').status, 429);
});

test('who goes on asking over its limit is blocked', () => {
  const bed = new Bed({ perSecond: 1, burst: 8 });
  for (let i = 0; i < 260; i++) bed.ask('192.0.2.1');
  assert.equal(bed.ask('192.0.2.1').journey.failure, 'guard-blocked');
  assert.equal(bed.guard.admits('192.0.2.1'), false);
});

test('a misdeed that others saw counts too', () => {
  const bed = new Bed();
  for (let i = 0; i < 20; i++) bed.guard.penalise('192.0.2.1', 'bad-request');
  bed.guard.penalise('no address', 'bad-request');
  assert.equal(bed.ask('192.0.2.1').status, 429);
  assert.equal(bed.guard.counts.misdeeds.get('bad-request'), 20);
});

test('connections: a client may open so many at once, and so many a second', async () => {
  const bed = new Bed({}, { connectionsPerSecond: 5, connectionsBurst: 10 });
  const taken = (count: number): number =>
    Array.from({ length: count }, () => bed.guard.admits('192.0.2.1')).filter(Boolean).length;
  const first = taken(40);
  assert.equal(first, 10);
  assert.ok(bed.guard.admits('192.0.2.2'));
  await bed.clock.advance(1000);
  assert.equal(taken(40), 5);
  assert.equal(bed.guard.counts.turnedAway.get('connection-rate'), 80 - first - 5);
});

test('floods of ranges are ignored, refused or passed on', () => {
  const ranges = { fields: ['Range: bytes=0-,0-,0-,0-'] };
  const ignoring = new Bed();
  const visit = ignoring.ask('192.0.2.1', ranges);
  assert.deepEqual([visit.status, visit.request.fields.has(FieldId.range)], [200, false]);
  assert.equal(ignoring.guard.counts.rangesIgnored, 1);
  const one = ignoring.ask('192.0.2.1', { fields: ['Range: bytes=0-'] });
  assert.ok(one.request.fields.has(FieldId.range));
  assert.equal(new Bed({ ranges: 'refuse' }).ask('192.0.2.1', ranges).status, 416);
  const passing = new Bed({ ranges: 'pass' }).ask('192.0.2.1', ranges);
  assert.ok(passing.request.fields.has(FieldId.range));
});

test('a task is set to browsers when the rule says so, and to nobody who has solved it', () => {
  const bed = new Bed({ challenge: 'always', challengeBits: 4 });
  const accept = 'Accept: text/html,*/*';
  const page = bed.ask('192.0.2.1', { fields: [accept] });
  assert.deepEqual([page.status, page.journey.failure], [403, 'guard-challenge']);
  assert.match(page.field('content-type') ?? '', /text\/html/);
  assert.match(page.field('content-security-policy') ?? '', /script-src 'sha256-/);
  const script = bed.ask('192.0.2.1', { fields: ['Accept: application/json'] });
  assert.match(script.body, /^403 /);
  assert.equal(bed.guard.counts.tasks, 1);
  const task = /data-task="([^"]+)"/.exec(page.body)?.[1] as string;
  const solved = Array.from({ length: 200 }, (_, number) =>
    bed.ask('192.0.2.1', { fields: [accept, `Cookie: a=1; plinth-work=${task}.${number}`] }),
  ).find(({ status }) => status === 200);
  assert.equal(solved?.request.fields.get(FieldId.cookie), 'a=1');
  const calm = new Bed({ challenge: 'attack' });
  assert.equal(calm.ask('192.0.2.1').status, 200);
});

test('an attack is seen while it hurts, its source is held back, nobody else, and all is told', async () => {
  const adaptive = { ...standard.adaptive, floorPerSecond: 50, offenderFloorPerSecond: 20 };
  const bed = new Bed(
    { challenge: 'attack' },
    { adaptive, penalties: { ...standard.penalties, enabled: false } },
  );
  bed.guard.start();
  const normal = async (seconds: number, more = () => {}): Promise<number> => {
    let refused = 0;
    for (let tick = 0; tick < seconds * 10; tick++) {
      for (let client = 1; client <= 3; client++) {
        if (bed.ask(`192.0.2.${client}`).status === 429) refused++;
      }
      more();
      await bed.clock.advance(100);
    }
    return refused;
  };
  await normal(40);
  assert.equal(bed.guard.shown().state, 'calm');
  const learnt = bed.guard.shown().learnt.perSecond;
  assert.ok(learnt > 25 && learnt < 35, `${learnt} learnt`);
  bed.load = 1;
  let floodPassed = 0;
  const flood = (): void => {
    for (let i = 0; i < 50; i++) {
      const visit = bed.ask('203.0.113.5');
      if (visit.status === 200) floodPassed++;
    }
  };
  await normal(3, flood);
  floodPassed = 0;
  assert.equal(await normal(5, flood), 0);
  assert.ok(floodPassed < 300, `${floodPassed} of 2500 pass`);
  const shown = bed.guard.shown();
  assert.equal(shown.state, 'attack');
  assert.equal(shown.talkers[0]?.network, '203.0.113.5');
  assert.ok((shown.talkers[0]?.limit ?? 0) > 0);
  assert.match(bed.lines.join(), /"state":"attack"/);
  assert.match(bed.lines.join(), /"network":"203\.0\.113\.5".*"reason":"attack-limit"/);
  // Browsers are set a task meanwhile.
  assert.equal(
    bed.ask('192.0.2.1', { fields: ['Accept: text/html'] }).journey.failure,
    'guard-challenge',
  );
  bed.load = 0;
  await normal(120);
  assert.equal(bed.guard.shown().state, 'calm');
  assert.equal(bed.guard.watch.talkers.limited, 0);
  bed.guard.stop();
});

test('what is switched off while somebody is held back lets him go', async () => {
  const bed = new Bed();
  const { talkers } = bed.guard.watch;
  for (let i = 0; i < 40; i++) bed.ask('192.0.2.1');
  talkers.setLimit(bed.guard.watch.narrowRow, 1, 0);
  bed.guard.start();
  bed.guard.apply(Bed.settings({}, { adaptive: { ...standard.adaptive, enabled: false } }));
  await bed.clock.advance(300);
  assert.equal(talkers.limited, 0);
  bed.guard.stop();
});

test('an operator blocks and unblocks', () => {
  const bed = new Bed();
  assert.ok(bed.guard.block('192.0.2.0/24', 'abuse', 0));
  const { status, journey } = bed.ask('192.0.2.1');
  assert.deepEqual([status, journey.failure], [403, 'guard-blocked-by-operator']);
  assert.equal(bed.guard.admits('192.0.2.1'), false);
  assert.equal(bed.guard.unblock('192.0.2.0/24'), 1);
  assert.equal(bed.ask('192.0.2.1').status, 200);
});

test('lines of the log are bounded, and say how many were left out', async () => {
  const bed = new Bed(
    { perSecond: 1, burst: 8 },
    { penalties: { ...standard.penalties, enabled: false } },
  );
  for (let client = 0; client < 200; client++) bed.statuses(`192.0.2.${client}`, 20);
  assert.equal(bed.lines.length, 50);
  await bed.clock.advance(1000);
  bed.statuses('198.51.100.1', 20);
  assert.match(bed.lines.at(-1) ?? '', /"linesLeftOut":150/);
  // The same client again: not within a minute.
  await bed.clock.advance(10_000);
  const { length } = bed.lines;
  bed.statuses('198.51.100.1', 20);
  assert.equal(bed.lines.length, length);
});

test('memory is what the setting says, whoever comes', () => {
  const bed = new Bed({ perSecond: 5, burst: 20 });
  const { watch, limits, blocks } = bed.guard;
  const before = watch.bytes;
  for (let i = 0; i < 20_000; i++) {
    bed.ask(`${1 + (i >> 12)}.${(i >> 6) & 63}.${i & 63}.9`);
    bed.guard.penalise(`${1 + (i >> 12)}.${(i >> 6) & 63}.${i & 63}.9`, 'body-timeout');
  }
  assert.equal(watch.bytes, before);
  assert.ok(watch.talkers.used <= watch.talkers.rows && limits.buckets.used <= limits.buckets.rows);
  assert.ok(before <= (1 << 20) / 2);
  assert.equal(blocks.count(0), 0);
});

test('metrics have a row for each count', () => {
  const bed = new Bed({ perSecond: 1, burst: 8 });
  bed.statuses('192.0.2.1', 20);
  const metrics = createMetrics();
  metrics.add(guardMetrics(bed.guard));
  const text = metrics.text();
  assert.match(text, /plinth_edge_guard_requests_total 20/);
  assert.match(text, /plinth_edge_guard_mitigated_total\{reason="rate"\} \d+/);
  assert.match(text, /plinth_edge_guard_attack 0/);
});

test('settings that do not go together are named by their keys', () => {
  const keys = (
    settings: Partial<GuardSettings>,
    rule: Partial<GuardRuleSettings> = {},
  ): string[] => guardConflicts(Bed.settings(rule, settings), 'guard').map(({ key }) => key);
  assert.deepEqual(keys({}), []);
  assert.deepEqual(keys({ allowNetworks: ['x'] }), ['guard.allow_networks']);
  assert.deepEqual(keys({ denyNetworks: ['10.0.0.1/8'] }), ['guard.deny_networks']);
  assert.deepEqual(keys({ denyCountries: ['x'] }), ['guard.deny_countries']);
  assert.deepEqual(keys({ denyAsns: ['x'] }), ['guard.deny_asns']);
  assert.deepEqual(keys({ connectionsPerSecond: 1, connectionsBurst: 0 }), [
    'guard.connections_burst',
  ]);
  assert.deepEqual(keys({ penalties: { ...standard.penalties, blockMaxMs: 1000 } }), [
    'guard.penalties.block_max',
  ]);
  assert.deepEqual(keys({}, { perSecond: 1, burst: 0 }), ['guard.rules.r.burst']);
  assert.deepEqual(keys({}, { widePerSecond: 1, wideBurst: 0 }), ['guard.rules.r.wide_burst']);
  assert.deepEqual(keys({}, { sentBytesPerSecond: 1, sentBurstBytes: 0 }), [
    'guard.rules.r.sent_burst',
  ]);
});

test('a solved task of one place opens the doors of all that have its key', () => {
  const settings = { challengeKey: new Secret('a key that all places have') };
  const rule = { challenge: 'always', challengeBits: 4 } as const;
  const [one, other] = [new Bed(rule, settings), new Bed(rule, settings)];
  const page = one.ask('192.0.2.1', { fields: ['Accept: text/html'] });
  const task = /data-task="([^"]+)"/.exec(page.body)?.[1] as string;
  const statuses = Array.from(
    { length: 200 },
    (_, number) =>
      other.ask('192.0.2.1', { fields: [`Cookie: plinth-work=${task}.${number}`] }).status,
  );
  assert.ok(statuses.includes(200));
});
