import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import type { SystemState } from './core/base/index.ts';
import {
  type ConfigSource,
  duration,
  flag,
  loadConfig,
  loadFrom,
  section,
} from './core/config/index.ts';
import { createMetrics, silentLogger } from './core/observe/index.ts';
import {
  createNodeClock,
  createNodeDisk,
  createNodeRandom,
  createNodeSpawn,
  createNodeThreads,
} from './core/runtime/node/index.ts';
import { createNode } from './node.ts';
import { sectionsFor } from './sections.ts';
import { systemRow } from './system-row.ts';

const folder = mkdtempSync(join(tmpdir(), 'plinth-node-'));
after(() => rmSync(folder, { recursive: true }));

const about = 'x';
type Fault = 'start' | 'drain' | 'stop' | 'reload';

/** A system that writes down what it is asked, and fails where it is told to. */
function row(name: string, steps: string[], fault?: Fault) {
  const step = async (what: string, wrong?: Fault): Promise<void> => {
    steps.push(`${what} ${name}`);
    if (wrong !== undefined && wrong === fault) throw new Error(`${name} cannot ${wrong}`);
  };
  return systemRow({
    config: section(name, 'x', {
      enabled: flag({ default: true, about }),
      idleMs: duration({ default: 0, about, reloadable: true }),
    }),
    create: async (_, { dataFolder }) => {
      assert.ok(statSync(dataFolder).isDirectory());
      let state: SystemState = 'idle';
      return {
        name,
        start: async () => {
          await step('start', 'start');
          state = 'ready';
        },
        drain: () => step('drain', 'drain'),
        stop: () => step('stop', 'stop'),
        status: () => ({ state, listening: [], facts: {} }),
        prepare: async ({ idleMs }) => {
          await step(`prepare ${idleMs}`, 'reload');
          return {
            commit: () => void step('commit'),
            abort: () => void step('abort'),
          };
        },
      };
    },
    tryIt: (_, { idleMs }) => [`${name} ${idleMs}`],
  });
}

function nodeOf(rows: ReturnType<typeof row>[], set: string[] = []) {
  let more: string[] = [];
  const source: ConfigSource = {
    read: () => ({ ok: true, file: undefined }),
    load: () =>
      loadConfig(sectionsFor(rows), {
        set: [`node.data=${join(folder, 'data')}`, 'admin.port=0', ...set, ...more],
        readFile: () => '',
      }),
  };
  const loaded = loadFrom(source);
  assert.ok(loaded.ok);
  const metrics = createMetrics();
  const node = createNode({
    version: '0',
    config: loaded.config,
    file: undefined,
    source,
    rows,
    log: silentLogger(),
    metrics,
    seams: {
      clock: createNodeClock(),
      random: createNodeRandom(),
      disk: createNodeDisk(),
      spawn: createNodeSpawn(),
    },
    threads: createNodeThreads(),
  });
  const reloadWith = (given: string[]) => {
    more = given;
    return node.reload();
  };
  return { node, reloadWith, metrics };
}

test('systems start in the order of the table, and stop in the reverse order', async () => {
  const steps: string[] = [];
  const { node, metrics } = nodeOf([row('a', steps), row('b', steps)]);
  await node.start();
  assert.deepEqual(
    node.systems().map(({ name }) => name),
    ['admin', 'a', 'b'],
  );
  assert.deepEqual(node.tryIt(), ['a 0', 'b 0']);
  assert.match(metrics.text(), /process_resident_memory_bytes/);
  await node.drain();
  assert.deepEqual(await node.stop(), []);
  assert.deepEqual(steps, ['start a', 'start b', 'drain a', 'drain b', 'stop b', 'stop a']);
  assert.equal(metrics.text(), '');
});

test('metrics go to the collector that is configured, until the node stops', async () => {
  const taken = Promise.withResolvers<string>();
  const collector = createServer(async (request, response) => {
    taken.resolve(await text(request));
    response.end('{}');
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  const { port } = collector.address() as AddressInfo;
  const { node } = nodeOf([], [`otlp.endpoint=http://127.0.0.1:${port}`, 'otlp.every=1s']);
  await node.start();
  assert.match(await taken.promise, /"process_resident_memory_bytes"/);
  await node.stop();
  collector.closeAllConnections();
  collector.close();
  await once(collector, 'close');
});

test('a system that is switched off is not created, nor is the admin door', async () => {
  const steps: string[] = [];
  const off = ['a.enabled=false', 'admin.enabled=no'];
  const { node } = nodeOf([row('a', steps), row('b', steps)], off);
  await node.start();
  await node.stop();
  assert.deepEqual(steps, ['start b', 'stop b']);
});

test('a start that fails stops what was started and rejects with the reason', async () => {
  const steps: string[] = [];
  const { node } = nodeOf([row('a', steps), row('b', steps, 'start'), row('c', steps)]);
  await assert.rejects(node.start(), /b cannot start/);
  assert.deepEqual(steps, ['start a', 'start b', 'stop c', 'stop b', 'stop a']);
  assert.deepEqual(node.systems()[0]?.status().state, 'stopped');
});

test('a system that fails to drain or stop does not keep the others from it', async () => {
  const steps: string[] = [];
  const { node } = nodeOf([row('a', steps), row('b', steps, 'drain'), row('c', steps, 'stop')]);
  await node.start();
  await node.drain();
  await node.stop();
  assert.deepEqual(steps.slice(3), ['drain a', 'drain b', 'drain c', 'stop c', 'stop b', 'stop a']);
});

test('a reload reaches the systems that changed, and is undone when one refuses', async () => {
  const steps: string[] = [];
  const { node, reloadWith } = nodeOf([row('a', steps), row('b', steps, 'reload')]);
  await node.start();
  const refused = await reloadWith(['a.idle=1s', 'b.idle=1s']);
  assert.deepEqual(refused, { ok: false, refused: 'b', why: 'b cannot reload' });
  assert.deepEqual(node.tryIt(), ['a 0', 'b 0']);
  const applied = await reloadWith(['a.idle=2s', 'admin.host=::1', 'log.level=warn']);
  assert.ok(applied.ok);
  assert.deepEqual(
    [applied.applied.map(({ path }) => path), applied.needRestart.map(({ path }) => path)],
    [['log.level', 'a.idle'], ['admin.host']],
  );
  assert.deepEqual(node.tryIt(), ['a 2000', 'b 0']);
  await node.stop();
  assert.deepEqual(steps.slice(2, 8), [
    'prepare 1000 a',
    'prepare 1000 b',
    'abort a',
    'prepare 2000 a',
    'commit a',
    'stop b',
  ]);
});
