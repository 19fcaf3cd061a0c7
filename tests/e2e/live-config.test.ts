/** Settings of a running process, changed by curl and by the command line as their users do. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Child, startChild, temporaryFolder, waitUntil } from '../support/process.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const hasCurl = spawnSync('curl', ['--version']).status === 0;

const undo: (() => void)[] = [];
afterEach(() => {
  for (const each of undo.splice(0).toReversed()) each();
});

/** Variables that begin with PLINTH_ are settings; those of the tests' own surroundings are not meant. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('PLINTH_')),
);

const FILE = `# Of this site.
log: { level: info }   # not too much
files: { enabled: false }
admin:
  port: 0
kv:
  port: 0
`;

interface Running {
  readonly cwd: string;
  readonly file: string;
  readonly child: Child;
  readonly host: string;
  readonly token: string;
  text(): string;
  /** A subcommand: its exit code and what it printed. */
  cli(...args: string[]): Promise<{ code: number | string; out: string }>;
}

/** Plinth on a file of its own, or on none. */
async function running(text?: string): Promise<Running> {
  const { path: cwd, remove } = temporaryFolder('plinth-live');
  undo.push(remove);
  const file = join(cwd, 'plinth.yaml');
  const noFile = ['--set', 'admin.port=0', '--set', 'kv.port=0', '--set', 'files.s3.port=0'];
  if (text !== undefined) writeFileSync(file, text);
  const args = ['up', '--json', ...(text === undefined ? noFile : [])];
  const child = startChild(process.execPath, [main, ...args], { cwd, env });
  undo.push(() => void child.process.kill('SIGKILL'));
  const line = (): string | undefined => child.output().match(/^\{"version".*\}$/m)?.[0];
  await waitUntil('the announcement', () => line() !== undefined || child.hasExited());
  assert.ok(line() !== undefined, child.output());
  const { listening } = JSON.parse(line() as string) as {
    listening: { system: string; host: string; port: number }[];
  };
  const admin = listening.find(({ system }) => system === 'admin');
  const host = `${admin?.host}:${admin?.port}`;
  return {
    cwd,
    file,
    child,
    host,
    token: readFileSync(join(cwd, 'plinth-data/admin-token'), 'utf8').trim(),
    text: () => readFileSync(file, 'utf8'),
    async cli(...given) {
      const sub = startChild(process.execPath, [main, ...given, '--admin', host], { cwd, env });
      const code = await sub.exited;
      return { code, out: sub.output() };
    },
  };
}

test('curl reads, changes under a condition, and is told what is wrong', {
  skip: !hasCurl && 'there is no curl',
}, async () => {
  const { host, token, text, child } = await running(FILE);
  const curl = async (...args: string[]) => {
    const { stdout } = await promisify(execFile)('curl', [
      ...['-s', '-i', '-H', `Authorization: Bearer ${token}`],
      ...args,
      `http://${host}/config`,
    ]);
    const [head = '', body = ''] = stdout.split('\r\n\r\n');
    return {
      status: Number(head.split(' ')[1]),
      etag: /^etag: (.*)$/im.exec(head)?.[1] ?? '',
      type: /^content-type: (.*)$/im.exec(head)?.[1],
      json: JSON.parse(body),
    };
  };
  const patch = (body: string, ...more: string[]) =>
    curl('-X', 'PATCH', '-H', 'Content-Type: application/merge-patch+json', '-d', body, ...more);

  const before = await curl();
  assert.equal(before.json.log.level, 'info');
  const made = await patch(
    '{"log":{"level":"debug"},"node":{"drain":"3s"}}',
    '-H',
    `If-Match: ${before.etag}`,
  );
  assert.equal(made.status, 200);
  assert.equal(made.json.saved, true);
  assert.equal(text(), `${FILE.replace('level: info', 'level: debug')}node:\n  drain: 3s\n`);
  const late = await patch('{"log":{"level":"warn"}}', '-H', `If-Match: ${before.etag}`);
  assert.deepEqual([late.status, late.type], [412, 'application/problem+json']);
  assert.equal(late.etag, made.etag);
  const wrong = await patch('{"log":{"level":"loud"},"kv":{"prot":1}}');
  assert.equal(wrong.status, 422);
  assert.deepEqual(wrong.json.problems, [
    { pointer: '/kv/prot', detail: 'kv.prot is not a setting; did you mean kv.port?' },
  ]);
  assert.equal((await curl('-X', 'PATCH', '-d', '{}')).status, 415);
  assert.equal((await patch('{')).status, 400);
  assert.equal((await curl('-X', 'DELETE')).status, 405);
  assert.equal((await curl()).etag, made.etag);
  child.process.kill('SIGHUP');
  await waitUntil('the reload', () => child.output().includes('configuration reloaded'));
  const line = child.output().match(/^.*configuration reloaded.*$/m)?.[0] ?? '';
  assert.deepEqual([JSON.parse(line).changes, JSON.parse(line).needRestart], [[], []]);
});

test('config set, get and unset change a running process and its file, whose permissions and link stay', async () => {
  const the = await running(FILE);
  const { cwd, file, cli, text } = the;
  const real = join(cwd, 'real.yaml');
  renameSync(file, real);
  symlinkSync('real.yaml', file);
  chmodSync(real, 0o600);
  const set = await cli('config', 'set', 'log.level=debug', 'kv.clients_max=9');
  assert.equal(set.code, 0, set.out);
  assert.equal(
    set.out,
    'Changed:\n  log.level  "info" -> "debug"\nTakes effect after a restart:\n  kv.clients_max  10000 -> 9\nSaved in plinth.yaml.\n',
  );
  assert.equal(text(), `${FILE.replace('level: info', 'level: debug')}  clients_max: 9\n`);
  assert.equal(statSync(real).mode & 0o777, 0o600);
  assert.equal(readFileSync(real, 'utf8'), text());
  assert.equal((await cli('config', 'get', 'log.level')).out, 'debug\n');
  assert.equal((await cli('config', 'get', 'log')).out, 'level: debug\noutput: stderr\n');
  assert.equal(JSON.parse((await cli('config', 'get', '--json')).out).kv.clients_max, 9);
  const unset = await cli('config', 'unset', 'log.level', 'kv.clients_max', '--json');
  assert.equal(unset.code, 0, unset.out);
  assert.deepEqual(JSON.parse(unset.out).needRestart, []);
  assert.equal(text(), FILE.replace('{ level: info }', '{}'));

  writeFileSync(join(cwd, 'other'), 'another-token\n');
  for (const [args, code, said] of [
    [['set', 'log.level=loud'], 78, /^plinth: log\.level is "loud", wanted one of/],
    [['set', 'log.levle=info'], 78, /did you mean log\.level\?/],
    [['set', 'log.level'], 64, /wanted path=value/],
    [['get', 'log.levle'], 64, /there is no log\.levle; did you mean log\.level\?/],
    [['set', 'log.level=info', '--token-file', 'plinth.yaml'], 66, /\(it holds none\)/],
    [['set', 'log.level=info', '--token-file', 'other'], 77, /token is not that of this process/],
    [
      ['set', 'log.level=info', '--token-file', 'nowhere'],
      66,
      /cannot be read from nowhere \(ENOENT\)/,
    ],
  ] as const) {
    const answer = await cli('config', ...args);
    assert.equal(answer.code, code, answer.out);
    assert.match(answer.out, said);
  }
  writeFileSync(file, `${FILE}# by hand\n`);
  const changed = await cli('config', 'set', 'log.level=warn');
  assert.equal(changed.code, 1);
  assert.match(changed.out, /send SIGHUP/);
  the.child.process.kill('SIGTERM');
  await the.child.exited;
  assert.equal((await cli('config', 'set', 'log.level=warn')).code, 69);
});

test('a process without a file changes in memory and says so; what --set gives is not changed', async () => {
  const { cli, cwd } = await running();
  const set = await cli('config', 'set', 'log.level=debug');
  assert.equal(set.code, 0, set.out);
  assert.match(
    set.out,
    /^Not saved: there is no configuration file; the change ends with the process\.$/m,
  );
  assert.equal((await cli('config', 'get', 'log.level')).out, 'debug\n');
  const overridden = await cli('config', 'set', 'kv.port=7000');
  assert.equal(overridden.code, 1);
  assert.match(overridden.out, /kv\.port is given by --set kv\.port; change it there/);
  assert.equal(spawnSync('ls', [join(cwd, 'plinth.yaml')]).status, 2);
});

test('the generated token outlives the process, and only its owner may read it', async () => {
  const first = await running(FILE);
  assert.equal(statSync(join(first.cwd, 'plinth-data/admin-token')).mode & 0o777, 0o600);
  assert.match(first.token, /^[\w-]{43}$/);
  first.child.process.kill('SIGTERM');
  await first.child.exited;
  const again = startChild(process.execPath, [main, 'up', '--json'], { cwd: first.cwd, env });
  undo.push(() => void again.process.kill('SIGKILL'));
  await waitUntil('the start', () => again.output().includes('"listening"'));
  assert.equal(
    readFileSync(join(first.cwd, 'plinth-data/admin-token'), 'utf8').trim(),
    first.token,
  );
});

test('a token of the configuration takes the place of the generated one, and changes live', async () => {
  const { cli, token, host } = await running(FILE);
  assert.equal((await cli('config', 'set', 'admin.token=short')).code, 78);
  const set = await cli('config', 'set', 'admin.token=0123456789abcdef');
  assert.equal(set.code, 0, set.out);
  assert.doesNotMatch(set.out, /0123456789/);
  const ask = (given: string) =>
    fetch(`http://${host}/config`, { headers: { authorization: `Bearer ${given}` } });
  assert.equal((await ask(token)).status, 401);
  const answer = await ask('0123456789abcdef');
  assert.equal(answer.status, 200);
  assert.doesNotMatch(await answer.text(), /0123456789/);
  // The command line finds it in the file.
  assert.equal((await cli('config', 'get', 'admin.token')).out, '[secret]\n');
});
