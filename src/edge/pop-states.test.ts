import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSimClock } from '../core/runtime/sim/index.ts';
import { PopStates } from './pop-states.ts';

function setUp() {
  const clock = createSimClock();
  const takes = new Map<string, boolean>([
    ['ams', true],
    ['fra', true],
  ]);
  const told: unknown[] = [];
  let hear: (kind: string, value: unknown) => void = () => {};
  let load = 0.2;
  const states = new PopStates({
    ...{ clock, pop: 'ams', names: () => ['ams', 'fra'] },
    takesWork: (_, server) => takes.get(server),
    ownLoad: () => load,
    sharing: {
      publish: (kind, value) => void told.push([kind, value]),
      onReceived: (listener) => {
        hear = listener;
      },
    },
  });
  let changes = 0;
  states.onChange(() => changes++);
  return {
    ...{ clock, states, takes, told },
    say: (value: unknown) => hear('load', value),
    setLoad: (next: number) => {
      load = next;
    },
    changes: () => changes,
  };
}

test('a PoP is up as the checks say, and who listens is told of changes alone', async () => {
  const { clock, states, takes, changes } = setUp();
  states.start();
  const before = changes();
  assert.ok(states.isUp('fra'));
  takes.set('fra', false);
  await clock.advance(1000);
  assert.ok(!states.isUp('fra') && states.isUp('ams'));
  assert.equal(changes(), before + 1);
  takes.delete('fra');
  await clock.advance(1000);
  assert.ok(states.isUp('fra'), 'nobody checks it any more');
  states.stop();
});

test('loads are told each second, and forgotten when nothing more is heard', async () => {
  const { clock, states, told, say, setLoad } = setUp();
  states.start();
  assert.equal(states.loadOf('ams'), 0.2);
  setLoad(0.7);
  await clock.advance(3000);
  assert.equal(states.loadOf('ams'), 0.7);
  assert.equal(told.length, 4);
  assert.deepEqual(told.at(-1), ['load', { pop: 'ams', share: 0.7 }]);
  say({ pop: 'fra', share: 1.5 });
  assert.equal(states.loadOf('fra'), 1.5);
  await clock.advance(5100);
  assert.equal(states.loadOf('fra'), undefined);
  states.stop();
});

test('what is no word on a load, or of a PoP that is not known, is not taken', () => {
  const { states, say } = setUp();
  for (const value of [
    null,
    1,
    {},
    { pop: 'mars', share: 1 },
    { pop: 'fra', share: -1 },
    { pop: 'fra', share: 'x' },
  ]) {
    say(value);
  }
  assert.deepEqual([states.loadOf('mars'), states.loadOf('fra')], [undefined, undefined]);
});
