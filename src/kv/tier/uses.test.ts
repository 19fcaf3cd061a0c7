import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createSimClock, createSimRandom } from '../../core/runtime/sim/index.ts';
import { ONE, TICK_MS, Uses } from './uses.ts';

const OCTAVE = 8;
const HALF_LIFE = 10;

function world(seed = 1) {
  const clock = createSimClock();
  const uses = new Uses(clock, createSimRandom(seed));
  /** Time goes on by ticks; so many accesses for each key in memory were made in each. */
  const pass = async (ticks: number, accessesPerKey: number): Promise<void> => {
    for (let tick = 0; tick < ticks; tick++) {
      for (let i = 0; i < accessesPerKey * 100; i++) uses.touched(uses.fresh);
      await clock.advance(TICK_MS);
      uses.advance(100);
    }
  };
  return { clock, uses, pass };
}

test('a key is worth the logarithm of its uses', () => {
  for (const uses of [1, 2, 10, 100, 10_000]) {
    const worths: number[] = [];
    for (let seed = 1; seed <= 20; seed++) {
      const counts = world(seed).uses;
      let bits = counts.fresh;
      for (let i = 1; i < uses; i++) bits = counts.touched(bits);
      worths.push(counts.valueOf(bits));
    }
    const mean = worths.reduce((sum, worth) => sum + worth, 0) / worths.length;
    const wanted = ONE + OCTAVE * Math.log2(uses);
    assert.ok(Math.abs(mean - wanted) < OCTAVE / 2, `${uses} uses: ${mean}, not ${wanted}`);
  }
});

test('a use is worth half after ten accesses for each key, whatever the time they took', async () => {
  for (const ticks of [3, 5, 40]) {
    const { uses, pass } = world();
    let bits = uses.fresh;
    for (let i = 1; i < 64; i++) bits = uses.touched(bits);
    const before = uses.valueOf(bits);
    await pass(ticks, (3 * HALF_LIFE) / ticks);
    const lost = before - uses.valueOf(bits);
    assert.ok(Math.abs(lost - 3 * OCTAVE) <= 1, `${lost} lost in ${ticks} ticks`);
  }
});

test('however many accesses there are in a tick, a use keeps half of its worth in it', async () => {
  const { uses, pass } = world();
  let bits = uses.fresh;
  for (let i = 1; i < 64; i++) bits = uses.touched(bits);
  const before = uses.valueOf(bits);
  await pass(2, 50 * HALF_LIFE);
  assert.equal(uses.valueOf(bits), before - 2 * OCTAVE);
});

test('nothing ages while nobody asks for anything', async () => {
  const { uses, pass } = world();
  const bits = uses.touched(uses.fresh);
  await pass(100, 0);
  assert.equal(uses.valueOf(bits), uses.valueOf(uses.touched(uses.fresh)));
});

test('what is used at a steady rate comes to rest, the more often the higher', async () => {
  const { uses, pass } = world();
  let seldom = uses.fresh;
  let often = uses.fresh;
  for (let tick = 0; tick < 60; tick++) {
    seldom = uses.touched(seldom);
    for (let i = 0; i < 16; i++) often = uses.touched(often);
    await pass(1, HALF_LIFE / 4);
  }
  const apart = uses.valueOf(often) - uses.valueOf(seldom);
  assert.ok(Math.abs(apart - 4 * OCTAVE) <= OCTAVE, `${apart} apart for 16 times the uses`);
  // What was used most and is not any more falls behind.
  await pass(30, HALF_LIFE / 4);
  assert.ok(uses.valueOf(often) < uses.valueOf(uses.fresh));
});

test('bits of before the process, and of another meaning, are worth nothing until the key is used', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffffff }), (bits) => {
      const { uses } = world();
      fc.pre(bits >>> 8 !== uses.fresh >>> 8);
      assert.equal(uses.valueOf(bits), 0);
      assert.equal(uses.touched(bits), uses.fresh);
    }),
  );
});

test('a key that was loaded is worth less than one use until it is used, and keeps its last one', async () => {
  const { uses, pass } = world();
  const stored = uses.touched(uses.touched(uses.fresh));
  await pass(10, HALF_LIFE / 2);
  const idle = uses.idleSeconds(stored);
  for (const bits of [stored, 0, 0xffffff]) {
    const loaded = uses.loaded(bits);
    assert.ok(uses.valueOf(loaded) > 0 && uses.valueOf(loaded) < ONE - OCTAVE);
    if (bits === stored) assert.equal(uses.idleSeconds(loaded), idle);
    const used = uses.valueOf(uses.touched(loaded));
    assert.ok(used >= ONE && used <= ONE + 1);
  }
});

test('bits stay bits whatever happens', async () => {
  const { uses, pass } = world();
  let bits = uses.fresh;
  for (let i = 0; i < 200; i++) {
    for (let many = 0; many < 10_000; many++) bits = uses.touched(bits);
    assert.ok(bits >= 0 && bits <= 0xffffff);
    if (i % 20 === 0) await pass(1, 1);
  }
  assert.ok(uses.valueOf(bits) > ONE + OCTAVE * 16);
});

test('it is known how long a key was not used, to a tick, for six days', async () => {
  const { uses, clock } = world();
  const bits = uses.fresh;
  assert.equal(uses.idleSeconds(bits), 0);
  for (const hours of [1, 24, 100]) {
    await clock.advance(hours * 3_600_000);
    uses.advance(1);
  }
  const wanted = 125 * 3600;
  assert.ok(Math.abs(uses.idleSeconds(bits) - wanted) <= TICK_MS / 1000);
  const tick = TICK_MS / 1000;
  for (const seconds of [0, 60, 86_400]) {
    const idle = uses.idleSeconds(uses.idleFor(seconds));
    assert.ok(idle <= seconds && idle > seconds - tick - 1, `${idle} for ${seconds}`);
  }
});
