import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Thread, ThreadEvents, Threads } from '../runtime/index.ts';
import { createNodeClock, createNodeThreads } from '../runtime/node/index.ts';
import type { MapEdit } from './edit.ts';
import { YamlWork } from './yaml-work.ts';

const servers = (count: number): string =>
  Array.from({ length: count }, (_, i) => `  - { name: s${i}, weight: 1 }   # of rack ${i}\n`).join(
    '',
  );
const long = `lb:\n${servers(1000)}`;
const edit: MapEdit = {
  is: 'map',
  entries: new Map([
    [
      'lb',
      {
        is: 'records',
        entries: new Map([
          ['s7', { is: 'map', entries: new Map([['weight', { is: 'write', value: 5 }]]) }],
        ]),
      },
    ],
  ]),
};

/** Threads whose jobs are counted; `end` ends the one there is. */
function counted(): { threads: Threads; jobs: () => number; end: () => void } {
  const real = createNodeThreads();
  let jobs = 0;
  let end = (): void => {};
  return {
    threads: {
      start(module: URL, events: ThreadEvents): Thread {
        const thread = real.start(module, events);
        end = () => void thread.stop();
        const post: Thread['post'] = (message) => {
          jobs++;
          thread.post(message);
        };
        return { post, keepAlive: (on) => thread.keepAlive(on), stop: () => thread.stop() };
      },
    },
    jobs: () => jobs,
    end: () => end(),
  };
}

test('a long text is edited beside the loop, and comes out as it would on it', async () => {
  const { threads, jobs, end } = counted();
  const work = new YamlWork({ threads, clock: createNodeClock() });
  const here = await new YamlWork().edit(long, edit, 'f');
  assert.deepEqual(await work.edit(long, edit, 'f'), here);
  assert.equal(jobs(), 1);
  assert.ok(here.ok && here.text.includes('{ name: s7, weight: 5 }   # of rack 7\n'));
  const file = await work.parsed({ name: 'f', text: long });
  assert.equal(jobs(), 2);
  assert.equal(file.raw?.type, 'map');
  assert.equal((await work.parsed(file)).raw, file.raw);
  end();
});

test('a short text, and one with a mistake, are left to whoever reads them', async () => {
  const { threads, jobs, end } = counted();
  const work = new YamlWork({ threads, clock: createNodeClock() });
  const short = { name: 'f', text: `lb:\n${servers(10)}` };
  assert.equal(await work.parsed(short), short);
  assert.ok((await work.edit(short.text, edit, 'f')).ok);
  assert.equal(jobs(), 0);
  const wrong = { name: 'f', text: `${long}lb: [\n` };
  assert.equal(await work.parsed(wrong), wrong);
  end();
});

test('a thread that dies or cannot be had costs no change', async () => {
  const dying = counted();
  const work = new YamlWork({ threads: dying.threads, clock: createNodeClock() });
  const outcome = work.edit(long, edit, 'f');
  dying.end();
  assert.ok((await outcome).ok);
  const none: Threads = {
    start() {
      throw new Error('no thread');
    },
  };
  assert.ok(
    (await new YamlWork({ threads: none, clock: createNodeClock() }).edit(long, edit, 'f')).ok,
  );
});
