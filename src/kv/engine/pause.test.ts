import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createSimClock, createSimRandom } from '../../core/runtime/sim/index.ts';
import { commandSpecs } from '../commands/index.ts';
import { KvServer } from '../server/server.ts';
import { Tick } from '../server/tick.ts';
import { createTestStore } from '../testing/harness.ts';
import { Engine } from './engine.ts';

describe('a pause', () => {
  test('holds a command that is counted once all the same', () => {
    const kv = createTestStore();
    const client = kv.connect();
    kv.run('CLIENT', 'PAUSE', 100, 'WRITE');
    const before = kv.engine.stats.commands;
    for (let tries = 0; tries < 3; tries++) assert.equal(client.run('SET', 'k', 'v'), undefined);
    kv.advance(200);
    assert.equal(client.run('SET', 'k', 'v'), 'OK');
    assert.equal(client.session.commands, 1);
    assert.equal(kv.engine.stats.commands - before, 1);
    assert.equal(kv.engine.commands.get('set')!.latency.count, 1);
    assert.equal(client.run('GET', 'k'), 'v');
    assert.equal(client.session.commands, 2);
  });

  test('leaves what has expired where it is, missing for readers', () => {
    const kv = createTestStore();
    kv.run('SET', 'k', 'v', 'PX', 10);
    kv.run('HSET', 'h', 'f', 'v');
    kv.run('HPEXPIRE', 'h', 10, 'FIELDS', 1, 'f');
    kv.effects();
    kv.run('CLIENT', 'PAUSE', 1000, 'WRITE');
    kv.advance(20);
    assert.equal(kv.run('GET', 'k'), null);
    kv.run('MULTI');
    kv.run('GET', 'k');
    assert.deepEqual(kv.run('EXEC'), [null]);
    for (let tick = 0; tick < 3; tick++) kv.engine.background.tick();
    assert.deepEqual(kv.effects(), []);
    assert.equal(kv.run('DBSIZE'), 2);
    kv.run('CLIENT', 'UNPAUSE');
    kv.engine.background.tick();
    assert.deepEqual(kv.effects().sort(), [
      ['DEL', 'k'],
      ['HDEL', 'h', 'f'],
    ]);
    assert.equal(kv.run('DBSIZE'), 0);
  });

  test('does not keep a transaction that began it from creating what has expired', () => {
    const kv = createTestStore();
    kv.run('SET', 'k', 'old', 'PX', 10);
    kv.advance(20);
    kv.run('MULTI');
    kv.run('CLIENT', 'PAUSE', 1000, 'WRITE');
    kv.run('SET', 'k', 'new');
    assert.deepEqual(kv.run('EXEC'), ['OK', 'OK']);
    assert.equal(kv.run('GET', 'k'), 'new');
    assert.equal(kv.run('DBSIZE'), 1);
  });

  test('evicts nothing', () => {
    const kv = createTestStore({ settings: { maxmemoryPolicy: 'allkeys-random' } });
    for (let i = 0; i < 100; i++) kv.run('SET', `k${i}`, 'v');
    kv.run('CLIENT', 'PAUSE', 1000, 'WRITE');
    kv.engine.settings.maxmemory = 1;
    for (let tick = 0; tick < 3; tick++) kv.engine.background.tick();
    assert.equal(kv.run('DBSIZE'), 100);
    kv.advance(2000);
    kv.engine.background.tick();
    assert.equal(kv.run('DBSIZE'), 0);
  });

  test('holds who waits for a key that was filled behind it, until it is over', () => {
    const kv = createTestStore();
    const [popper, reader] = [kv.connect(), kv.connect()];
    popper.run('BLPOP', 'k', 0);
    reader.run('XREAD', 'BLOCK', 0, 'STREAMS', 's', '0');
    kv.run('MULTI');
    kv.run('CLIENT', 'PAUSE', 1000, 'WRITE');
    kv.run('RPUSH', 'k', 'x');
    kv.run('XADD', 's', '1-1', 'f', 'v');
    kv.run('EXEC');
    assert.deepEqual(popper.pushed(), []);
    assert.deepEqual(reader.pushed(), [[['s', [['1-1', ['f', 'v']]]]]]);
    kv.run('CLIENT', 'UNPAUSE');
    assert.deepEqual(popper.pushed(), [['k', 'x']]);
    assert.equal(kv.run('EXISTS', 'k'), 0);
  });

  test('ends at its time, whatever pauses came before, and those whom it held go on', async () => {
    const clock = createSimClock();
    const engine = new Engine({ commands: commandSpecs, clock, random: createSimRandom(1) });
    const server = new KvServer(engine, { argsMax: 8, bulkBytesMax: 64, lineBytesMax: 64 });
    const tick = new Tick(server, undefined);
    const ends: number[] = [];
    const resume = engine.onUnpaused;
    const startMs = clock.wallMs();
    engine.onUnpaused = () => {
      resume?.();
      ends.push(clock.wallMs() - startMs);
    };
    const pause = (untilMs: number): void => {
      engine.keyspace.setNow(clock.wallMs());
      engine.pause.start(startMs + untilMs, false, clock.wallMs());
      engine.onPaused?.();
    };
    pause(20);
    pause(37);
    pause(10);
    await clock.advance(36);
    assert.deepEqual(ends, []);
    await clock.advance(1);
    assert.deepEqual(ends, [37]);
    assert.equal(engine.paused, false);
    tick.stop();
  });
});
