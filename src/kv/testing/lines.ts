/** Tests of commands as tables: lines of words, and what comes of them. */
import assert from 'node:assert/strict';
import { createTestStore, type Reply, type TestClient, type TestStore } from './harness.ts';

export const WRONGTYPE = {
  error: 'WRONGTYPE Operation against a key holding the wrong kind of value',
};
export const NOT_INTEGER = { error: 'ERR value is not an integer or out of range' };
export const SYNTAX = { error: 'ERR syntax error' };

/** The words of a line; `""` is the empty one. */
export function words(line: string): string[] {
  return line.split(' ').map((word) => (word === '""' ? '' : word));
}

/** Runs lines against their replies, one after the other. */
export function check(
  lines: readonly (readonly [string, Reply])[],
  kv: TestStore | TestClient = createTestStore(),
): void {
  for (const [line, reply] of lines) assert.deepEqual(kv.run(...words(line)), reply, line);
}

/** Collects the keyspace events of a store as `event key`; each call gives those since the last. */
export function eventsOf(kv: TestStore): () => string[] {
  const events: string[] = [];
  kv.engine.settings.notifyKeyspaceEvents = 0x7fff;
  kv.engine.notify = (_db, buf, start, length, _class, event) => {
    if (event === 'keymiss') return;
    events.push(`${event} ${buf.toString('latin1', start, start + length)}`);
  };
  return () => events.splice(0);
}

/** Runs lines against the events they cause. */
export function checkEvents(lines: readonly (readonly [string, readonly string[]])[]): void {
  const kv = createTestStore();
  const events = eventsOf(kv);
  for (const [line, wanted] of lines) {
    kv.run(...words(line));
    assert.deepEqual(events(), wanted, line);
  }
}

/** Runs lines against what they log, as lines; a number of over ten digits is shown as TIME. */
export function checkEffects(lines: readonly (readonly [string, readonly string[]])[]): void {
  const kv = createTestStore();
  for (const [line, wanted] of lines) {
    kv.run(...words(line));
    const logged = kv.effects().map((effect) => effect.join(' ').replace(/\b\d{11,}\b/g, 'TIME'));
    assert.deepEqual(logged, wanted, line);
  }
}

/** Another store to which the effects of one were applied. */
export function replayOf(kv: TestStore): TestStore {
  const replay = createTestStore();
  replay.engine.keyspace.expiresOnLookup = false;
  for (const effect of kv.effects()) {
    const reply = replay.run(...effect.map((word) => Buffer.from(word, 'latin1')));
    assert.ok(!(reply !== null && typeof reply === 'object' && 'error' in reply), effect.join(' '));
  }
  return replay;
}
