import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { problemText } from '../../core/config/index.ts';
import { createLogger } from '../../core/observe/index.ts';
import { createNodeDisk } from '../../core/runtime/node/index.ts';
import { createSimClock, createSimRandom, SimDisk } from '../../core/runtime/sim/index.ts';
import type { Member } from '../pools/pool-runtime.ts';
import { fileLook, readText } from './file-source.ts';
import { FILE_BYTES_MAX, MEMBERS_MAX } from './limits.ts';
import { readMembers } from './member-file.ts';
import { PolledSource } from './polled-source.ts';

function membersOf(text: string): readonly Member[] {
  const file = readMembers(text, 'f');
  assert.ok(file.ok, file.ok ? '' : file.problems.map(problemText).join('\n'));
  return file.members;
}

function problemsOf(text: string): string[] {
  const file = readMembers(text, 'f');
  assert.ok(!file.ok);
  return file.problems.map(problemText);
}

test('a list of servers, in YAML as in JSON', () => {
  const yaml = `
# made by hand
- address: 10.0.0.1:80
- { name: b, address: '[::1]:81', weight: 3, priority: 1, requests_max: 9, state: draining }
- { name: 1.10, address: unix:/run/c.sock, state: maintenance }
`;
  const members = membersOf(yaml);
  assert.deepEqual(members, [
    {
      spec: {
        ...{ name: '10.0.0.1:80', host: '10.0.0.1', port: 80, weight: 1, priority: 0 },
        activeMax: Number.POSITIVE_INFINITY,
      },
      address: { host: '10.0.0.1', port: 80 },
      state: 'up',
    },
    {
      spec: { name: 'b', host: '::1', port: 81, weight: 3, priority: 1, activeMax: 9 },
      address: { host: '::1', port: 81 },
      state: 'draining',
    },
    {
      spec: {
        ...{ name: '1.10', host: 'unix:/run/c.sock', port: 0, weight: 1, priority: 0 },
        activeMax: Number.POSITIVE_INFINITY,
      },
      address: { path: '/run/c.sock' },
      state: 'maintenance',
    },
  ]);
  const json = JSON.stringify(
    [
      { address: '10.0.0.1:80' },
      {
        ...{ name: 'b', address: '[::1]:81', weight: 3, priority: 1 },
        ...{ requests_max: 9, state: 'draining' },
      },
      { name: '1.10', address: 'unix:/run/c.sock', state: 'maintenance' },
    ],
    null,
    '\t',
  );
  assert.deepEqual(membersOf(json), members);
  assert.deepEqual(membersOf('[]'), []);
});

test('every mistake is told with line and column, and nothing is taken', () => {
  assert.deepEqual(
    problemsOf(`- { name: a, address: 10.0.0.1:80 }
- { name: a, address: 10.0.0.2:80 }
- { adress: 10.0.0.3:80, weight: 1001 }
- { name: b c, address: nowhere }
- { name: d, address: nowhere }
- just text
- { name: e, state: asleep, address: { host: x } }
- { name: f }
- { name: g, address: &x 10.0.0.4:80 }
- { name: h, address: *x }
`),
    [
      'f:2:3: a is there twice, wanted one server of a name',
      'f:3:5: [2].adress is not known; did you mean address?',
      'f:3:34: [2].weight is "1001", wanted a whole number from 0 to 1000',
      'f:4:11: [3].name is "b c", wanted 1 to 255 letters, digits and . _ : -, of which the first is a letter or digit',
      'f:5:23: [4].address is "nowhere", wanted host:port or unix:/path',
      'f:6:3: [5] is no map, wanted a server: lines of key: value',
      'f:7:21: [6].state is "asleep", wanted one of up, draining, maintenance',
      'f:7:38: [6].address is a list, wanted a text of at most 1024 characters',
      'f:8:3: [7].address is missing, wanted host:port or unix:/path',
      'f:10:23: [9].address is a list, wanted a text of at most 1024 characters',
    ],
  );
});

test('what is no list, and what is no YAML, is told where it begins to be wrong', () => {
  const wanted = 'wanted a list of servers, [] for none';
  assert.deepEqual(problemsOf(''), [`f:1:1: ${wanted}`]);
  assert.deepEqual(problemsOf('\nservers: []\n'), [`f:2:1: ${wanted}`]);
  assert.match(problemsOf('- a: [1\n- b')[0] ?? '', /^f:2:1: this is not valid YAML: /);
  assert.match(problemsOf('- { a: 1, a: 2 }')[0] ?? '', /^f:1:\d+: this is not valid YAML: /);
  assert.deepEqual(problemsOf('[]\n---\n[]\n'), ['f:2:1: a second document begins here']);
  const many = `[${'{address: "a:1"},'.repeat(MEMBERS_MAX + 1)}]`;
  assert.deepEqual(problemsOf(many), ['f:1:1: the list has 4097 servers, wanted at most 4096']);
});

function setUp() {
  const clock = createSimClock();
  const disk = new SimDisk(clock, createSimRandom(1));
  const lists: (readonly Member[])[] = [];
  const lines: Record<string, unknown>[] = [];
  disk.mkdirSync('/etc');
  const source = new PolledSource({
    ...{ kind: 'file', clock, everyMs: 5_000, facts: { pool: 'app' } },
    look: fileLook(disk, '/etc/servers', 5_000),
    log: createLogger({ level: 'info', sink: { write: (line) => lines.push(JSON.parse(line)) } }),
  });
  return {
    ...{ clock, disk, lists, lines, source },
    start: () => source.start((members) => void lists.push(members)),
    names: () => lists.map((members) => members.map(({ spec }) => spec.name).join(' ')),
    write: (path: string, text: string) => {
      const file = disk.openSync(path, { mode: 'create' });
      file.truncateSync(0);
      const bytes = Buffer.from(text);
      file.writeSync(bytes, 0, bytes.length, 0);
      file.closeSync();
    },
  };
}

test('a file that is replaced or written over is taken, one that stays as it is told once', async () => {
  const { clock, disk, start, write, names, lines } = setUp();
  write('/etc/servers', '[{ address: "a:1" }]');
  start();
  await clock.advance(20_000);
  assert.deepEqual(names(), ['a:1']);
  write('/etc/new', '[{ address: "a:1" }, { address: "b:1" }]');
  disk.renameSync('/etc/new', '/etc/servers');
  await clock.advance(6_000);
  write('/etc/servers', '- address: b:1\n');
  await clock.advance(6_000);
  assert.deepEqual(names(), ['a:1', 'a:1 b:1', 'b:1']);
  assert.deepEqual(lines, []);
});

test('a file in the middle of being written is not taken, though it is a valid list so far', async () => {
  const { clock, start, write, names } = setUp();
  write('/etc/servers', '- address: a:1\n- address: b:1\n');
  start();
  await clock.advance(4_990);
  let text = '- address: a:1\n';
  for (let i = 0; i < 20; i++) {
    write('/etc/servers', text);
    text += `- address: n${i}:1\n`;
    await clock.advance(50);
  }
  await clock.advance(6_000);
  assert.equal(names().length, 2);
  assert.equal(names()[1]?.split(' ').length, 20);
});

test('a file that is invalid, too large or gone changes nothing and is told once with its place', async () => {
  const { clock, disk, start, write, names, lines, source } = setUp();
  write('/etc/servers', '- address: a:1\n');
  start();
  await clock.advance(100);
  write('/etc/servers', '- address: a:1\n- adress: b:1\n- 3\n');
  await clock.advance(60_000);
  disk.unlinkSync('/etc/servers');
  await clock.advance(60_000);
  write('/etc/servers', 'x'.repeat(FILE_BYTES_MAX + 1));
  await clock.advance(60_000);
  assert.equal(source.status().state, 'failing');
  write('/etc/servers', '- address: a:1\n');
  await clock.advance(60_000);
  assert.deepEqual(names(), ['a:1']);
  assert.deepEqual(
    lines.map(({ problem }) => problem),
    [
      '/etc/servers:2:3: [1].adress is not known; did you mean address?, and 1 more',
      '/etc/servers is missing',
      `/etc/servers has more than ${FILE_BYTES_MAX} bytes`,
      undefined,
    ],
  );
});

test('a file that is not there at first is taken when it comes', async () => {
  const { clock, start, write, names, source } = setUp();
  start();
  await clock.advance(10_000);
  assert.deepEqual(names(), []);
  assert.deepEqual(source.status().state, 'failing');
  write('/etc/servers', '- address: a:1\n');
  await clock.advance(10_000);
  assert.deepEqual(names(), ['a:1']);
});

test('a real file is read to its end, whatever is wrong with it is told', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-members-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const disk = createNodeDisk();
  const path = join(folder, 'servers');
  const problem = async (at: string) => {
    const read = await readText(disk, at);
    return read.ok ? 'none' : read.problem;
  };
  writeFileSync(`${path}.new`, '\ufeff- address: a:1\n');
  renameSync(`${path}.new`, path);
  assert.deepEqual(await readText(disk, path), { ok: true, text: '- address: a:1\n' });
  writeFileSync(path, 'x'.repeat(FILE_BYTES_MAX));
  assert.equal(await problem(path), 'none');
  writeFileSync(path, 'x'.repeat(FILE_BYTES_MAX + 1));
  assert.match(await problem(path), /has more than 1048576 bytes$/);
  writeFileSync(path, Buffer.of(0xff, 0xfe));
  assert.match(await problem(path), /is not UTF-8$/);
  assert.match(await problem(join(folder, 'none')), /is missing$/);
  assert.match(await problem(folder), /cannot be read \(EISDIR\)$/);
});
