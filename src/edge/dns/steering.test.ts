import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { distanceKm } from '../geo/index.ts';
import type { Pop } from '../pop.ts';
import { nextMoving } from './spill.ts';
import { candidatesOf, mix, type SteeredPop, steer } from './steering.ts';
import { cities, pop } from './testing/server.ts';

const paris = { latitude: 48.9, longitude: 2.4 };
const boston = { latitude: 42.4, longitude: -71.1 };
const all = (): boolean => true;

function states(
  pops: readonly Pop[],
  some: Record<string, Partial<SteeredPop>> = {},
): SteeredPop[] {
  return pops.map((each) => ({ pop: each, up: true, moving: 0, ...some[each.name] }));
}

function chosen(
  pops: readonly SteeredPop[],
  where: { latitude: number; longitude: number } | null = paris,
  clientHash = 1,
  regions: string[] = [],
): string {
  const location = where ?? undefined;
  const found = steer(candidatesOf(pops, regions, all), { location, clientHash, nearKm: 150 });
  return `${found.pops.map((each) => each.pop.name).join(',')} ${found.reason}`;
}

test('the nearest that can serve is chosen', () => {
  assert.equal(chosen(states(cities)), 'fra nearest');
  assert.equal(chosen(states(cities), boston), 'nyc nearest');
  assert.equal(chosen(states(cities, { fra: { up: false } })), 'nyc nearest');
  const drained = cities.map((each) => (each.name === 'fra' ? { ...each, drained: true } : each));
  assert.equal(chosen(states(drained)), 'nyc nearest');
  const idle = cities.map((each) => (each.name === 'fra' ? { ...each, capacity: 0 } : each));
  assert.equal(chosen(states(idle)), 'nyc nearest');
});

test('there is always an answer: drained ones, then those without capacity, then all that are down', () => {
  const down = { up: false };
  const drained = cities.map((each) => ({ ...each, drained: each.name !== 'sin' }));
  assert.equal(chosen(states(drained, { sin: down })), 'fra drained-only');
  const idle = cities.map((each) => ({ ...each, capacity: 0 }));
  assert.equal(chosen(states(idle)), 'fra no-capacity');
  assert.equal(chosen(states(cities, { fra: down, nyc: down, sin: down })), 'fra,nyc,sin all-down');
  assert.equal(chosen([]), ' no-pop');
});

test('a rule for regions is kept, also when all of them are down', () => {
  assert.equal(chosen(states(cities), boston, 1, ['eu']), 'fra nearest');
  assert.equal(chosen(states(cities, { fra: { up: false } }), boston, 1, ['eu']), 'fra all-down');
  assert.equal(chosen(states(cities), boston, 1, ['mars']), ' no-pop');
});

test('PoPs of one place share their clients by capacity', () => {
  const twins = [pop('a', { capacity: 1 }), pop('b', { capacity: 3 }), cities[1]!];
  let b = 0;
  for (let client = 0; client < 4_000; client++) {
    const name = chosen(states(twins), paris, mix(client, 99));
    assert.notEqual(name, 'nyc nearest');
    if (name === 'b nearest') b++;
  }
  assert.ok(Math.abs(b / 4_000 - 0.75) < 0.03, `${b}`);
});

test('who has too much hands on the share of its clients that it should, to the next nearest', () => {
  for (const moving of [0, 0.25, 0.6, 1]) {
    let gone = 0;
    for (let client = 0; client < 4_000; client++) {
      const name = chosen(states(cities, { fra: { moving } }), paris, mix(client, 5));
      if (name === 'nyc spilled') gone++;
      else assert.equal(name, 'fra nearest');
    }
    assert.ok(Math.abs(gone / 4_000 - moving) < 0.03, `${gone}`);
  }
  const full = { moving: 1 };
  assert.equal(chosen(states(cities, { fra: full, nyc: full, sin: full })), 'fra nearest');
});

test('as the share grows clients only leave, and come back in the opposite order', () => {
  fc.assert(
    fc.property(
      fc.nat(0xffffffff),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (client, moving) => {
        const before = chosen(states(cities, { fra: { moving } }), paris, client);
        const after = chosen(
          states(cities, { fra: { moving: Math.min(1, moving + 0.1) } }),
          paris,
          client,
        );
        if (before === 'nyc spilled') assert.equal(after, 'nyc spilled');
      },
    ),
  );
});

test('the failure of a PoP moves no client of another one', () => {
  const coordinates = fc.record({
    latitude: fc.integer({ min: -80, max: 80 }),
    longitude: fc.integer({ min: -180, max: 180 }),
  });
  const pops = fc
    .array(fc.tuple(coordinates, fc.integer({ min: 1, max: 5 })), { minLength: 2, maxLength: 6 })
    .map((rows) => rows.map(([at, capacity], index) => pop(`p${index}`, { ...at, capacity })));
  fc.assert(
    fc.property(
      pops,
      coordinates,
      fc.nat(0xffffffff),
      fc.nat(5),
      (list, location, client, lost) => {
        const name = chosen(states(list), location, client);
        const gone = list[lost % list.length]!;
        const after = chosen(states(list, { [gone.name]: { up: false } }), location, client);
        // Within 150 km of the nearest: whoever is lost may have been that nearest one.
        const nearest = list.toSorted(
          (a, b) => distanceKm(location, a) - distanceKm(location, b),
        )[0];
        if (nearest !== gone && !name.startsWith(`${gone.name} `)) assert.equal(after, name);
        assert.ok(!after.startsWith(`${gone.name} `) || list.length === 1);
      },
    ),
  );
});

test('clients whom nobody can place are shared by capacity, each always at one PoP', () => {
  const counts = new Map<string, number>();
  for (let client = 0; client < 3_000; client++) {
    const name = chosen(states(cities), null, mix(client, 3));
    assert.equal(chosen(states(cities), null, mix(client, 3)), name);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  assert.equal(counts.size, 3);
  for (const [name, count] of counts) {
    assert.match(name, /unknown-location$/);
    assert.ok(Math.abs(count - 1_000) < 150, `${name} ${count}`);
  }
});

test('only a choice that depends on the client’s prefix is told to hold for no wider one', () => {
  const by = (pops: readonly SteeredPop[], location: typeof paris | undefined): boolean =>
    steer(candidatesOf(pops, [], all), { location, clientHash: 1, nearKm: 150 }).byPrefix;
  assert.equal(by(states(cities), paris), false);
  assert.equal(by(states(cities), undefined), true);
  assert.equal(by(states(cities, { fra: { moving: 0.5 } }), paris), true);
  assert.equal(by(states(cities, { sin: { moving: 0.5 } }), paris), false);
  assert.equal(by(states([pop('a'), pop('b')]), paris), true);
});

/** What one PoP sees whose resolvers follow a TTL later. */
function settle(demand: (second: number) => number, seconds: number): number[] {
  const ttlSeconds = 30;
  const shares: number[] = [];
  const loads: number[] = [];
  let moving = 0;
  for (let second = 0; second < seconds; second++) {
    // Answers of the last TTL are spread over its seconds.
    const recent = shares.slice(-ttlSeconds);
    const followed = recent.reduce((sum, share) => sum + share, 0) / Math.max(1, recent.length);
    const load = demand(second) * (1 - followed);
    loads.push(load);
    moving = nextMoving(moving, load, 1_000, { wantedLoad: 0.8, ttlMs: ttlSeconds * 1000 });
    shares.push(moving);
  }
  return loads;
}

test('the load of a PoP with too much settles where it is wanted, without swinging', () => {
  for (const demand of [1, 1.5, 2.5, 4]) {
    const loads = settle(() => demand, 900);
    for (const load of loads.slice(600))
      assert.ok(Math.abs(load - 0.8) < 0.02, `${demand}: ${load}`);
    const lowest = Math.min(...loads);
    assert.ok(lowest > 0.6, `${demand}: down to ${lowest}`);
  }
});

test('clients come back when there is room again, and none leave a PoP with room', () => {
  const loads = settle((second) => (second < 300 ? 2 : 0.5), 900);
  assert.ok(Math.abs(loads.at(-1)! - 0.5) < 0.001);
  assert.deepEqual([...new Set(settle(() => 0.7, 100))], [0.7]);
  assert.equal(nextMoving(0.5, undefined, 60_000_000, { wantedLoad: 0.8, ttlMs: 30_000 }), 0);
});
