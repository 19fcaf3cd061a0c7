import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createSimClock, createSimRandom } from '../../core/runtime/sim/index.ts';
import { Args } from '../../core/wire/index.ts';
import { commandSpecs } from '../commands/index.ts';
import { Engine } from '../engine/engine.ts';
import { digestDatabases } from '../values/index.ts';
import { ReplayAhead } from './replay-ahead.ts';

function storeOf(keys: number): Engine {
  const engine = new Engine({
    commands: commandSpecs,
    clock: createSimClock(),
    random: createSimRandom(3),
    databases: 3,
  });
  for (let i = 0; i < keys; i++)
    engine.executor.apply(i % 3, new Args().load(['SET', `k${i}`, 'v']));
  return engine;
}

test('a look at what is to be replayed changes no key, whatever bytes it is shown', () => {
  const engine = storeOf(500);
  const before = digestDatabases(engine.keyspace.databases);
  const ahead = new ReplayAhead(engine);
  const entry = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    // As effects begin, then anything: databases that are there and not, huge counts and lengths.
    fc
      .tuple(fc.nat(4), fc.array(fc.constantFrom(0, 1, 2, 3, 127, 128, 255), { maxLength: 60 }))
      .map(([database, rest]) => Uint8Array.from([database, ...rest])),
  );
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 40 }), (entries) => {
      for (const bytes of entries) ahead.note(Buffer.from(bytes), 0, bytes.length);
      ahead.end();
    }),
  );
  assert.equal(digestDatabases(engine.keyspace.databases), before);
});

test('a table that was being rehashed is whole when its effects are replayed', () => {
  const engine = storeOf(0);
  const { table } = engine.database(0)!;
  let keys = 0;
  while (!table.rehashing) engine.executor.apply(0, new Args().load(['SET', `k${keys++}`, 'v']));
  const ahead = new ReplayAhead(engine);
  const effect = Buffer.from('\x00\x03\x03SET\x02k1\x01w', 'latin1');
  ahead.note(effect, 0, effect.length);
  ahead.end();
  assert.equal(table.rehashing, false);
  assert.equal(table.size, keys);
});
