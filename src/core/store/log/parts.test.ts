import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LogWorld } from './log-world.ts';
import { PartJoiner } from './parts.ts';
import { type Log, logIndex } from './types.ts';

function commitPart(log: Log, text: string, more: boolean): void {
  const { buffer, offset } = log.reserve(text.length);
  buffer.write(text, offset, 'latin1');
  log.commit(text.length, 0, more);
}

function appendParts(log: Log, parts: readonly string[]): void {
  for (const [nth, part] of parts.entries()) commitPart(log, part, nth < parts.length - 1);
}

/** The payloads that are whole, parts joined by `|`. */
function payloads(log: Log, from = log.firstIndex): string[] {
  const joiner = new PartJoiner();
  const read: string[] = [];
  log.readFrom(from, (entry) => {
    const whole = joiner.take(entry);
    if (whole !== undefined) read.push(whole.map((part) => part.toString('latin1')).join('|'));
  });
  return read;
}

test('parts come back joined, in their place among other entries, across frames and segments', async () => {
  const world = new LogWorld({ seed: 1, policy: 'always' });
  const log = await world.open();
  const long = 'x'.repeat(700_000);
  log.append(Buffer.from('one'), 0);
  appendParts(log, ['a', long, '', long, 'b']);
  log.append(Buffer.from('two'), 0);
  appendParts(log, ['c', 'd']);
  appendParts(log, ['e', 'f']);
  await world.settle();
  assert.ok(log.stats.segments > 1);
  assert.deepEqual(payloads(log), ['one', `a|${long}||${long}|b`, 'two', 'c|d', 'e|f']);
  assert.deepEqual(payloads(log, logIndex(4)), ['two', 'c|d', 'e|f'], 'from the middle of one');
});

test('whatever of a payload survives a crash, it comes back whole or not at all, and what follows too', async () => {
  const list = fc.array(
    fc.array(fc.integer({ min: 1, max: 30_000 }), { minLength: 1, maxLength: 5 }),
    {
      minLength: 1,
      maxLength: 6,
    },
  );
  let torn = 0;
  await fc.assert(
    fc.asyncProperty(fc.nat(), list, fc.nat({ max: 60 }), async (seed, sizes, operations) => {
      const world = new LogWorld({ seed, policy: 'always' });
      let log = await world.open({ loopWrites: false });
      const wanted = sizes.map((parts, nth) => parts.map((bytes) => `${nth}`.padEnd(bytes, '.')));
      world.disk.losePowerAt(world.disk.operations + operations);
      for (const parts of wanted) {
        for (const [nth, part] of parts.entries()) {
          commitPart(log, part, nth < parts.length - 1);
          log.flush();
          if (nth % 2 === 0) await world.clock.advance(2);
        }
      }
      await world.disk.reboot();
      world.clock.forgetAll();
      log = await world.open();
      const read = payloads(log);
      assert.deepEqual(
        read,
        wanted.slice(0, read.length).map((parts) => parts.join('|')),
      );
      const complete = wanted.slice(0, read.length).reduce((sum, parts) => sum + parts.length, 0);
      if (log.lastIndex > complete) torn++;
      appendParts(log, ['after', 'wards']);
      log.append(Buffer.from('more'), 0);
      await world.settle();
      assert.deepEqual(payloads(log), [...read, 'after|wards', 'more']);
    }),
    { numRuns: 60, seed: 4711 },
  );
  assert.ok(torn > 0, 'no crash came between two parts');
});
