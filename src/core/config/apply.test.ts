import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { applyConfig, type Reloadable } from './apply.ts';
import { duration, port, secret } from './kinds.ts';
import { type Config, loadConfig } from './load.ts';
import { type AnySection, section } from './section.ts';

const about = 'x';
const kv = section('kv', 'x', {
  port: port({ default: 6379, about }),
  idleMs: duration({ default: 0, about, reloadable: true }),
  password: secret({ about, reloadable: true }),
});
const cache = section('cache', 'x', {
  idleMs: duration({ default: 0, about, reloadable: true }),
});
const sections = [kv, cache];

function config(yaml: string): Config {
  const loaded = loadConfig(sections, {
    file: { name: 'f', text: yaml },
    readFile: () => '',
  });
  assert.ok(loaded.ok);
  return loaded.config;
}

/** A system that writes down what it is asked. */
function system(owner: AnySection, steps: string[], refuse?: string): Reloadable {
  return {
    section: owner,
    prepare: async (next) => {
      const { idleMs } = next as { idleMs: number };
      steps.push(`prepare ${owner.name} ${idleMs}`);
      if (refuse !== undefined) throw new Error(refuse);
      return {
        commit: () => steps.push(`commit ${owner.name}`),
        abort: () => steps.push(`abort ${owner.name}`),
      };
    },
  };
}

test('reloadable settings are applied, others keep running and are listed', async () => {
  const steps: string[] = [];
  const running = config('kv: { port: 1, idle: 1s }');
  const applied = await applyConfig(sections, running, config('kv: { port: 2, idle: 2s }'), [
    system(kv, steps),
    system(cache, steps),
  ]);
  assert.ok(applied.ok);
  assert.deepEqual(applied.applied, [{ path: 'kv.idle', from: '1s', to: '2s' }]);
  assert.deepEqual(applied.needRestart, [{ path: 'kv.port', from: 1, to: 2 }]);
  assert.deepEqual(steps, ['prepare kv 2000', 'commit kv']);
  assert.equal(applied.config.of(kv).port, 1);
  assert.equal(applied.config.of(kv).idleMs, 2000);
  assert.equal(running.of(kv).idleMs, 1000);
});

test('when one system refuses, those prepared before it are aborted and nothing is committed', async () => {
  const steps: string[] = [];
  const applied = await applyConfig(
    sections,
    config(''),
    config('kv: { idle: 2s }\ncache: { idle: 3s }'),
    [system(kv, steps), system(cache, steps, 'no room')],
  );
  assert.deepEqual(applied, { ok: false, refused: 'cache', why: 'no room' });
  assert.deepEqual(steps, ['prepare kv 2000', 'prepare cache 3000', 'abort kv']);
});

test('a changed secret is noticed and not shown', async () => {
  const applied = await applyConfig(
    sections,
    config('kv: { password: a }'),
    config('kv: { password: b }'),
    [system(kv, [])],
  );
  assert.ok(applied.ok);
  assert.equal(applied.config.of(kv).password?.reveal(), 'b');
  assert.equal(JSON.stringify(applied.applied).includes('"b"'), false);
  assert.equal(applied.applied.length, 1);
});

test('a reloadable setting of a system that does not run needs a restart', async () => {
  const applied = await applyConfig(sections, config(''), config('cache: { idle: 3s }'), []);
  assert.ok(applied.ok);
  assert.deepEqual(applied.applied, []);
  assert.equal(applied.needRestart.length, 1);
});

test('a setting that waits for a restart is told with the place of its running value', async () => {
  const running = config('kv:\n  port: 1');
  const applied = await applyConfig(sections, running, config('kv:\n  idle: 2s\n  port: 2'), [
    system(kv, []),
  ]);
  assert.ok(applied.ok);
  assert.equal(applied.config.place('kv.port')?.line, 2);
  assert.equal(applied.config.place('kv.idle')?.line, 2);
});

test('a configuration that another one has followed is let go', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  let running = config('kv: { idle: 0s }');
  const former: WeakRef<Config>[] = [];
  for (let i = 1; i <= 20; i++) {
    former.push(new WeakRef(running));
    const applied = await applyConfig(
      sections,
      running,
      config(`kv: { idle: ${i}s, port: ${i} }`),
      [system(kv, [])],
    );
    assert.ok(applied.ok);
    running = applied.config;
  }
  // A WeakRef that was made in this turn of the loop keeps its object.
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  const left = former.filter((each) => each.deref() !== undefined).length;
  assert.ok(left <= 2, `${left} are left`);
  assert.equal(running.of(kv).idleMs, 20_000);
});
