import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { adminConfig } from '../console/config/index.ts';
import { loadFrom, path, port, section } from '../core/config/index.ts';
import { exitCodeTable } from './exit-codes.ts';
import type { UpRequest } from './host.ts';
import { runCli } from './program.ts';

const folder = mkdtempSync(join(tmpdir(), 'plinth-cli-'));
after(() => rmSync(folder, { recursive: true }));
const about = 'x';
const sections = [
  section('node', 'x', { data: path({ default: 'plinth-data', about }) }),
  section('kv', 'x', { port: port({ default: 6379, about }) }),
  adminConfig,
];

/** Runs a command line in a process of its own imagination. */
async function run(args: string[], environment: Record<string, string> = {}) {
  const said = { out: '', err: '', up: undefined as UpRequest | undefined };
  const code = await runCli(args, {
    version: '1.2.3',
    sections,
    environment,
    out: (text) => {
      said.out += text;
    },
    err: (text) => {
      said.err += text;
    },
    up: async (request) => {
      said.up = request;
      return 71;
    },
    lab: async () => 0,
  });
  return { ...said, code };
}

function file(name: string, text: string): string {
  const place = join(folder, name);
  writeFileSync(place, text);
  return place;
}

test('--help shows examples and every exit code, --version the version', async () => {
  const help = await run(['--help']);
  assert.equal(help.code, 0);
  assert.match(help.out, /\$ plinth up/);
  for (const { code } of Object.values(exitCodeTable)) {
    assert.match(help.out, new RegExp(`^  ${code} +\\S`, 'm'));
  }
  assert.deepEqual(await run(['--version']), { out: '1.2.3\n', err: '', up: undefined, code: 0 });
});

test('a command line that is not understood ends with 64 and a suggestion', async () => {
  const command = await run(['statsu']);
  assert.equal(command.code, 64);
  assert.match(command.err, /unknown command 'statsu'\n.*Did you mean status/);
  assert.equal((await run(['up', '--nonsense'])).code, 64);
  assert.equal((await run(['completion', 'tcsh'])).code, 64);
  assert.equal((await run([])).code, 64);
});

test('up hands the configuration on and ends with the code of the process', async () => {
  const config = file('up.yaml', 'kv: { port: 1 }\n');
  const { up, code } = await run([
    'up',
    '-c',
    config,
    '--data',
    '/d',
    '--set',
    'kv.port=2',
    '--json',
  ]);
  assert.equal(code, 71);
  assert.equal(up?.json, true);
  const loaded = up && loadFrom(up.source);
  assert.ok(loaded?.ok);
  assert.equal(loaded.config.of(sections[0] as never)['data' as never], '/d');
  assert.equal(loaded.config.place('kv.port')?.source, '--set kv.port');
});

test('config check names every mistake with its place and ends with 78', async () => {
  const wrong = file('wrong.yaml', 'kv:\n  port: x\n  prot: 1\n');
  const checked = await run(['config', 'check', '--config', wrong]);
  assert.equal(checked.code, 78);
  assert.deepEqual(checked.err.trimEnd().split('\n'), [
    `plinth: ${wrong}:2:9: kv.port is "x", wanted a port from 0 to 65535`,
    `plinth: ${wrong}:3:3: kv.prot is not a setting; did you mean kv.port?`,
  ]);
  const json = await run(['config', 'check', '--config', wrong, '--json']);
  assert.equal(json.code, 78);
  assert.equal(JSON.parse(json.out).problems[0].place.line, 2);
  const right = await run(['config', 'check', '--config', file('right.yaml', '')]);
  assert.deepEqual([right.code, right.out], [0, 'The configuration is right.\n']);
});

test('a file that was named must be there, by the option and by the variable', async () => {
  const missing = join(folder, 'missing.yaml');
  for (const { code, err } of [
    await run(['config', 'check', '-c', missing]),
    await run(['config', 'check'], { PLINTH_CONFIG: missing }),
  ]) {
    assert.equal(code, 78);
    assert.equal(err, `plinth: ${missing}: there is no such file\n`);
  }
  assert.equal((await run(['config', 'check', '-c', folder])).code, 78);
});

test('config show prints what differs from the defaults, or with --all everything', async () => {
  const args = ['config', 'show', '-c', file('show.yaml', 'kv: { port: 1 }\n')];
  const some = await run(args, { PLINTH_ADMIN_PORT: '2' });
  assert.equal(
    some.out,
    `kv.port     1  ${join(folder, 'show.yaml')}:1:13\nadmin.port  2  environment PLINTH_ADMIN_PORT\n`,
  );
  const all = await run([...args, '--all', '--json']);
  assert.equal(JSON.parse(all.out).length, 6);
});

test('config schema is JSON Schema of every section', async () => {
  const schema = JSON.parse((await run(['config', 'schema'])).out);
  assert.deepEqual(Object.keys(schema.properties), ['node', 'kv', 'admin']);
});

test('status tells what the admin door says, by words and by exit code', async () => {
  const report = {
    version: '1.2.3',
    pid: 7,
    uptimeMs: 90_500,
    ready: true,
    systems: [
      {
        name: 'kv',
        state: 'ready',
        listening: [{ protocol: 'RESP', host: '127.0.0.1', port: 6379 }],
        facts: { keys: 3 },
      },
    ],
  };
  let body: unknown = report;
  const server = createServer((_, response) => response.end(JSON.stringify(body)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const target = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    const words = await run(['status', '--admin', target]);
    assert.equal(words.code, 0);
    assert.equal(
      words.out,
      'Plinth 1.2.3, process 7, up for 90s, ready\n\nkv  ready  RESP 127.0.0.1:6379\n\nkv.keys  3\n',
    );
    const json = await run(['status', '--admin', target, '--json']);
    assert.deepEqual(JSON.parse(json.out), report);
    body = { ...report, ready: false };
    assert.equal((await run(['status', '--set', `admin.port=${target.split(':')[1]}`])).code, 1);
    for (const strange of ['x', null, { ready: 'yes' }, []]) {
      body = strange;
      const answer = await run(['status', '--admin', target]);
      assert.equal(answer.code, 69);
      assert.match(answer.err, /something else answers there/);
    }
  } finally {
    server.close();
  }
  const gone = await run(['status', '--admin', target]);
  assert.equal(gone.code, 69);
  assert.match(gone.err, /^plinth: no Plinth answers at .* \(ECONNREFUSED\); is it up\?\n$/);
  assert.equal((await run(['status', '--admin', 'a b:c'])).code, 64);
});

test('the bash completion completes subcommands, their options and their arguments', async () => {
  const { out } = await run(['completion', 'bash']);
  const complete = (...words: string[]): string[] => {
    const script = `${out}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}
_plinth; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, status } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
    assert.equal(status, 0);
    return stdout.trim().split('\n');
  };
  assert.deepEqual(complete('plinth', 's'), ['status']);
  assert.deepEqual(complete('plinth', 'config', 'sh'), ['show']);
  assert.deepEqual(complete('plinth', 'config', 'show', '--a'), ['--all']);
  assert.deepEqual(complete('plinth', 'completion', 'z'), ['zsh']);
});

test('the scripts for zsh and fish name every subcommand with what it does', async () => {
  const zsh = (await run(['completion', 'zsh'])).out;
  assert.match(zsh, /^#compdef plinth\n/);
  assert.match(zsh, /'config show'\) choices=\(.*'--all:also those at their default'/);
  const fish = (await run(['completion', 'fish'])).out;
  assert.match(fish, /-n '__plinth_at config' -f -a show -d 'print the settings in force/);
  assert.match(fish, /-n '__plinth_at status' -l admin/);
});
