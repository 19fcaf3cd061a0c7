import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSimClock } from '../core/runtime/sim/index.ts';
import { type BusLink, LocalLink, Subscriptions } from './bus/index.ts';
import { PopLinks } from './pop-links.ts';

/** Both ends of a link in this process; what one sends the other is given. */
function link(a: Subscriptions, aName: string, b: Subscriptions, bName: string): void {
  const end = (to: Subscriptions, pop: string, other: () => BusLink): BusLink => ({
    ...{ id: Math.random(), pop, encrypted: false },
    send(kind, body) {
      to.message(other(), kind.name, JSON.parse(JSON.stringify(body)));
      return true;
    },
    end() {},
  });
  const atA: BusLink = end(b, bName, () => atB);
  const atB: BusLink = end(a, aName, () => atA);
  a.up(atA);
  b.up(atB);
}

function pop(name: string) {
  const accepted = new Subscriptions();
  const dialled = new Subscriptions();
  const links = new PopLinks({ pop: name, accepted, dialled });
  const heard: unknown[] = [];
  let ups = 0;
  links.onReceived((kind, value) => heard.push([kind, value]));
  links.onUp(() => ups++);
  return { name, accepted, dialled, links, heard, ups: () => ups };
}

test('what a PoP says is heard by all others once, through the coordinator', () => {
  const [fra, ams, nyc] = [pop('fra'), pop('ams'), pop('nyc')];
  for (const member of [ams, nyc]) link(fra.accepted, 'fra', member.dialled, member.name);
  ams.links.publish('a', { x: 1 });
  fra.links.publish('b', 2);
  assert.deepEqual(nyc.heard, [
    ['a', { x: 1 }],
    ['b', 2],
  ]);
  assert.deepEqual(fra.heard, [['a', { x: 1 }]]);
  assert.deepEqual(ams.heard, [['b', 2]]);
  assert.deepEqual([fra.ups(), ams.ups()], [2, 1]);
});

test('the link of the coordinator with itself is none', async () => {
  const fra = pop('fra');
  const clock = createSimClock();
  const local = new LocalLink('fra', fra.accepted, fra.dialled, clock);
  local.start();
  await clock.advance(1);
  fra.links.publish('a', 1);
  await clock.advance(1);
  assert.deepEqual([fra.heard, fra.ups()], [[], 0]);
  local.stop();
});

test('nobody speaks for another PoP', () => {
  const [fra, ams, nyc] = [pop('fra'), pop('ams'), pop('nyc')];
  for (const member of [ams, nyc]) link(fra.accepted, 'fra', member.dialled, member.name);
  const lying = new PopLinks({ pop: 'nyc', accepted: new Subscriptions(), dialled: ams.dialled });
  link(fra.accepted, 'fra', ams.dialled, 'ams');
  lying.publish('a', 1);
  assert.deepEqual([fra.heard, nyc.heard], [[], []]);
});
