/** The process as its users meet it: what it prints, how it ends, which sentence and exit code a failure gets. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Child, startChild, temporaryFolder, waitUntil } from '../support/process.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

const undo: (() => void)[] = [];
afterEach(() => {
  for (const each of undo.splice(0).toReversed()) each();
});

function folder(): string {
  const { path, remove } = temporaryFolder('plinth-process');
  undo.push(remove);
  return path;
}

/** Plinth on a folder of its own, the store switched to free ports where there is one. */
function plinth(cwd: string, args: string[], env: Record<string, string> = {}): Child {
  const child = startChild(process.execPath, [main, ...args], {
    cwd,
    env: { ...plainEnv(), ...env },
  });
  undo.push(() => void child.process.kill('SIGKILL'));
  return child;
}

/** Variables that begin with PLINTH_ are settings; those of the tests' own surroundings are not meant. */
function plainEnv(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(([name]) => !name.startsWith('PLINTH_'));
  return Object.fromEntries(entries);
}

const anyPort = freePorts();

interface Settings {
  readonly properties?: Record<string, Settings>;
}

/** Port 0 for every door there is, so that tests can run beside each other. */
function freePorts(): string[] {
  const schema = JSON.parse(
    readFileSync(new URL('../../docs/plinth.schema.json', import.meta.url), 'utf8'),
  ) as { properties: Record<string, Settings> };
  return Object.entries(schema.properties).flatMap(([section, { properties = {} }]) => [
    ...('port' in properties ? ['--set', `${section}.port=0`] : []),
    ...Object.entries(properties).flatMap(([group, inner]) =>
      group !== 'tls' && 'port' in (inner.properties ?? {})
        ? ['--set', `${section}.${group}.port=0`]
        : [],
    ),
  ]);
}

interface Announced {
  readonly pid: number;
  readonly listening: readonly { system: string; host: string; port: number }[];
}

/** Waits for the line that says what listens where. */
async function announced(child: Child): Promise<Announced> {
  const line = (): string | undefined => child.output().match(/^\{"version".*\}$/m)?.[0];
  await waitUntil('the announcement', () => line() !== undefined || child.hasExited());
  assert.ok(line() !== undefined, child.output());
  return JSON.parse(line() as string) as Announced;
}

async function adminUrl(child: Child): Promise<string> {
  const admin = (await announced(child)).listening.find(({ system }) => system === 'admin');
  return `http://${admin?.host}:${admin?.port}`;
}

/** The sentences on stderr that are for people: each begins with the program's name. */
function sentences(child: Child): string[] {
  return child
    .output()
    .split('\n')
    .filter((line) => line.startsWith('plinth: '));
}

async function ended(child: Child, code: number | string): Promise<void> {
  await waitUntil(`the end of the process with ${code}`, () => child.hasExited());
  assert.equal(await child.exited, code, child.output());
}

async function failed(child: Child, code: number, sentence: RegExp): Promise<void> {
  await ended(child, code);
  assert.match(sentences(child).join('\n'), sentence);
  assert.doesNotMatch(child.output(), /^\s+at /m, 'no stack trace');
}

test('up says what listens where and what to try, and ends with 0 on SIGTERM', async () => {
  const child = plinth(folder(), ['up', ...anyPort]);
  await waitUntil('the announcement', () => /\nTry:\n/.test(child.output()) || child.hasExited());
  assert.match(child.output(), /^Plinth [\d.]+ is up:\n {2}admin +HTTP +127\.0\.0\.1:\d+$/m);
  assert.match(child.output(), /^ {2}npm run -s plinth -- status --admin 127\.0\.0\.1:\d+$/m);
  // Ports that were left to the system are told as they are.
  assert.doesNotMatch(child.output(), /-p 0 |127\.0\.0\.1:0\b/);
  child.process.kill('SIGTERM');
  await ended(child, 0);
});

test('the admin door answers, status asks it, and both agree', async () => {
  const child = plinth(folder(), ['up', '--json', ...anyPort]);
  const url = await adminUrl(child);
  assert.equal((await fetch(`${url}/live`)).status, 200);
  assert.equal((await fetch(`${url}/ready`)).status, 200);
  assert.match(
    await (await fetch(`${url}/metrics`)).text(),
    /^process_resident_memory_bytes \d+$/m,
  );
  const status = plinth(folder(), ['status', '--json', '--admin', new URL(url).host]);
  await ended(status, 0);
  assert.equal(JSON.parse(status.output()).pid, child.pid);
  child.process.kill('SIGINT');
  await ended(child, 0);
  const gone = plinth(folder(), ['status', '--admin', new URL(url).host]);
  await failed(gone, 69, /^plinth: no Plinth answers at .*; is it up\?$/);
});

/** A subcommand whose reader takes `lines` lines and leaves; gives stderr and how it ended. */
async function readLittle(args: string[], lines: number): Promise<[string, number | null]> {
  const child = spawn(process.execPath, [main, ...args], { cwd: folder(), env: plainEnv() });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  if (lines === 0) child.stdout.destroy();
  else child.stdout.once('data', () => child.stdout.destroy());
  const [code] = (await once(child, 'close')) as [number | null];
  return [said, code];
}

test('a reader that takes nothing, or leaves early, is a quiet end', async () => {
  for (const args of [['--help'], ['config', 'schema'], ['completion', 'bash'], ['kv', '--help']]) {
    assert.deepEqual(await readLittle(args, 0), ['', 0], args.join(' '));
  }
  assert.deepEqual(await readLittle(['config', 'show', '--all'], 1), ['', 0]);
});

test('a full disk behind stdout is one sentence and exit code 73', {
  skip: !existsSync('/dev/full') && 'there is no /dev/full',
}, async () => {
  const full = openSync('/dev/full', 'w');
  undo.push(() => closeSync(full));
  const { stderr, status } = spawnSync(process.execPath, [main, 'config', 'schema'], {
    stdio: ['ignore', full, 'pipe'],
    encoding: 'utf8',
    env: plainEnv(),
  });
  assert.match(stderr, /^plinth: the output cannot be written: ENOSPC[^\n]*\n$/);
  assert.equal(status, 73);
});

test('up runs on when the reader of its announcement has left', async () => {
  const child = spawn(process.execPath, [main, 'up', ...anyPort], {
    cwd: folder(),
    env: plainEnv(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  undo.push(() => void child.kill('SIGKILL'));
  child.stdout.destroy();
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  await waitUntil('the log of the start', () => log.includes('"msg":"up"'));
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'close'), [0, null]);
  assert.doesNotMatch(log, /EPIPE/);
});

test('a port in use is one sentence and exit code 71', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  undo.push(() => void other.close());
  const { port } = other.address() as { port: number };
  for (const setting of ['admin.port', 'kv.port']) {
    const child = plinth(folder(), ['up', ...anyPort, '--set', `${setting}=${port}`]);
    await failed(child, 71, new RegExp(`^plinth: .*127\\.0\\.0\\.1:${port}.* in use`));
  }
});

test('an address of another machine is one sentence and exit code 71', async () => {
  // 192.0.2.0/24 is for documentation only (RFC 5737).
  const child = plinth(folder(), ['up', ...anyPort, '--set', 'admin.host=192.0.2.1']);
  await failed(child, 71, /^plinth: 192\.0\.2\.1(:\d+)? is no address of this machine/);
});

test('a wrong configuration names every mistake with its line and ends with 78', async () => {
  const cwd = folder();
  writeFileSync(join(cwd, 'plinth.yaml'), 'admin:\n  port: 99999\nlog:\n  levle: info\n');
  const child = plinth(cwd, ['up'], { PLINTH_NODE_DRAIN: '10' });
  await failed(
    child,
    78,
    /^plinth: plinth\.yaml:2:9: admin\.port is "99999".*\nplinth: plinth\.yaml:4:3: log\.levle is not.*did you mean log\.level\?\nplinth: environment PLINTH_NODE_DRAIN: node\.drain is "10"/,
  );
});

test('a data folder that cannot be had is one sentence and exit code 73', async () => {
  const cwd = folder();
  writeFileSync(join(cwd, 'file'), '');
  const file = plinth(cwd, ['up', ...anyPort, '--data', 'file']);
  await failed(file, 73, /^plinth: file: the data folder is not a folder/);
  // Nobody may make folders in /sys and /proc, not even the superuser.
  for (const path of ['/sys/plinth', '/proc/plinth', '/proc/plinth/data']) {
    const closed = plinth(cwd, ['up', ...anyPort, '--data', path]);
    await failed(closed, 73, new RegExp(`^plinth: ${path}: the data folder cannot be made`));
  }
});

test('a second process on the same data folder is one sentence and exit code 75', async () => {
  const cwd = folder();
  const first = plinth(cwd, ['up', '--json', ...anyPort]);
  await announced(first);
  await failed(plinth(cwd, ['up', ...anyPort]), 75, new RegExp(`^plinth: .*\\b${first.pid}\\b`));
  first.process.kill('SIGKILL');
  await ended(first, 'SIGKILL');
  const third = plinth(cwd, ['up', '--json', ...anyPort]);
  await announced(third);
});

test('SIGHUP reads the file again: right changes are taken, wrong ones change nothing', async () => {
  const cwd = folder();
  const file = join(cwd, 'plinth.yaml');
  writeFileSync(file, 'log: { level: info }\n');
  const child = plinth(cwd, ['up', '--json', ...anyPort]);
  const url = await adminUrl(child);
  writeFileSync(file, 'log: { level: lout }\n');
  child.process.kill('SIGHUP');
  await waitUntil('the refusal', () => child.output().includes('configuration not reloaded'));
  assert.match(child.output(), /plinth\.yaml:1:15: log\.level is \\"lout\\"/);
  writeFileSync(file, 'log: { level: debug, output: stdout }\n');
  child.process.kill('SIGHUP');
  await waitUntil('the reload', () => child.output().includes('configuration reloaded'));
  const line = child.output().match(/^.*configuration reloaded.*$/m)?.[0] ?? '';
  assert.deepEqual(JSON.parse(line).changes, [{ path: 'log.level', from: 'info', to: 'debug' }]);
  assert.equal(JSON.parse(line).needRestart[0].path, 'log.output');
  assert.equal((await fetch(`${url}/ready`)).status, 200);
});

test('a process that serves is begun once more, as the same one, with a bound for newborn objects', async () => {
  const bound = '--max-semi-space-size=';
  const boundsOf = async (env: Record<string, string>): Promise<string[]> => {
    const child = plinth(folder(), ['up', '--json', ...anyPort], env);
    await waitUntil('it to be up', () => {
      assert.ok(!child.hasExited(), child.output());
      return child.output().includes(`"pid":${child.pid},"listening"`);
    });
    const options = readFileSync(`/proc/${child.pid}/cmdline`, 'utf8').split('\0');
    child.process.kill('SIGTERM');
    assert.equal(await child.exited, 0);
    return options.filter((option) => option.startsWith(bound));
  };
  assert.deepEqual(await boundsOf({}), [`${bound}4`]);
  assert.deepEqual(await boundsOf({ NODE_OPTIONS: `${bound}16` }), []);
});

test('compiled modules are kept in a folder that is the own one of the user, and in no other', () => {
  const kept = (prepare: (place: string) => void): string[] => {
    const temporary = folder();
    const place = join(temporary, `plinth-compiled-${process.getuid?.()}`);
    prepare(place);
    // Empty is as good as none.
    const env = { ...plainEnv(), NODE_COMPILE_CACHE: '', TMPDIR: temporary };
    const { status } = spawnSync(process.execPath, [main, '--version'], { env });
    assert.equal(status, 0);
    return readdirSync(place, { recursive: true }).map(String);
  };
  assert.ok(kept(() => {}).length > 100);
  // Whoever can write there would have the next process run what he likes.
  const shared = kept((place) => {
    mkdirSync(place);
    chmodSync(place, 0o777);
  });
  assert.deepEqual(shared, []);
  const elsewhere = kept((place) => symlinkSync(folder(), place));
  assert.deepEqual(elsewhere, []);
});
