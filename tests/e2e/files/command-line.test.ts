/** `plinth files ...` beside a started Plinth: files go and come, and what is broken is found. */
import assert from 'node:assert/strict';
import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { TestAuthority } from '../../../src/core/runtime/node/transport-fixture.ts';
import { type FilesProcess, startFiles } from '../../support/files/files-process.ts';
import { requirePeer } from '../../support/peers.ts';
import { temporaryFolder, waitUntil } from '../../support/process.ts';
import { content } from './s3-client-bed.ts';

let plinth: FilesProcess;
before(async () => {
  plinth = await startFiles(['files.block=1mb', 'files.scrub=0']);
});
after(() => plinth.stop());

const BIG = 5_000_000;

async function text(...args: readonly string[]): Promise<string> {
  const { code, out, err } = await plinth.run(args);
  assert.equal(code, 0, err);
  return out.toString();
}

/** The exit code and what it says on stderr. */
async function refusal(...args: readonly string[]): Promise<[number | string, string]> {
  const { code, err } = await plinth.run(args);
  return [code, err];
}

function local(name: string): string {
  return join(plinth.folder, name);
}

/** Stores a file of these bytes. */
async function store(path: string, bytes: Buffer): Promise<void> {
  writeFileSync(local('source'), bytes);
  await text('put', local('source'), path);
}

test('put and get: files, folders, stdin and stdout, byte by byte', async () => {
  const bytes = content(BIG);
  writeFileSync(local('big'), bytes);
  writeFileSync(local('empty'), '');
  assert.equal(await text('mkdir', '/go/in'), '');
  assert.equal(await text('put', local('big'), '/go/in/'), 'Stored /go/in/big, 4.8mb.\n');
  assert.deepEqual(JSON.parse(await text('put', local('empty'), 'go/none', '--json')), {
    path: '/go/none',
    bytes: 0,
  });
  const piped = await plinth.pipe(['put', '-', '/go/from stdin%?#&+ü'], { stdin: bytes });
  assert.equal(piped.code, 0, piped.err);
  await text('get', '/go/in/big', local('back'));
  assert.ok(readFileSync(local('back')).equals(bytes));
  await text('get', '/go/none', plinth.folder);
  assert.equal(readFileSync(local('none')).length, 0);
  const { out } = await plinth.pipe(['get', '/go/from stdin%?#&+ü', '-']);
  assert.ok(out.equals(bytes));
});

test('ls and stat show what is there', async () => {
  await store('/look/a/file', Buffer.from('12345'));
  const rows = (await text('ls', '/look')).split('\n');
  assert.match(rows[0]!, /^drwxr-xr-x {2}plinth {2}plinth {2,}- {2}\d{4}-.*Z {2}a\/$/);
  assert.match(await text('ls', 'look/a/file'), /^-rw-r--r-- .* 5 .*Z {2}\/look\/a\/file\n$/);
  const listed = JSON.parse(await text('ls', '/look/a', '--json'));
  assert.deepEqual(
    listed.map(({ name, length, type }: Record<string, unknown>) => [name, length, type]),
    [['file', 5, 'FILE']],
  );
  await text('mkdir', '/look/b');
  assert.equal(await text('ls', '/look/b'), '');
  assert.deepEqual(JSON.parse(await text('ls', '/look/b', '--json')), []);
  const { files, directories, bytes } = JSON.parse(await text('stat', '/look', '--json'));
  assert.deepEqual([files, directories, bytes], [1, 2, 5]);
  assert.match(await text('stat', '/look/a/file'), /^bytes +5$/m);
});

test('ls -R shows what is below, each directory before what is in it', async () => {
  for (const path of ['a/file', 'a/in/deep', 'a0', 'b'])
    await store(`/below/${path}`, Buffer.from('1'));
  await text('mkdir', '/below/empty');
  const names = async (...args: readonly string[]): Promise<string[]> =>
    (await text('ls', ...args))
      .trimEnd()
      .split('\n')
      .map((row) => row.replace(/^.*Z {2}/, ''));
  const all = ['a/', 'a/file', 'a/in/', 'a/in/deep', 'a0', 'b', 'empty/'];
  assert.deepEqual(await names('-R', '/below'), all);
  assert.deepEqual(await names('-R', '/below/a'), ['file', 'in/', 'in/deep']);
  assert.deepEqual(await names('--recursive', '/below/b'), ['/below/b']);
  const listed = JSON.parse(await text('ls', '-R', '/below', '--json'));
  assert.deepEqual(
    listed.map(({ name, type }: Record<string, string>) => `${name}${type === 'FILE' ? '' : '/'}`),
    all,
  );
  assert.equal((await refusal('ls', '-R', '/below/nothing'))[0], 66);
});

test('mv and rm change the tree, and say what stands in the way', async () => {
  await store('/tree/a/x', Buffer.from('x'));
  await store('/tree/y', Buffer.from('y'));
  await text('mkdir', '/tree/b');
  await text('mv', '/tree/a', '/tree/b');
  await text('mv', '/tree/b/a/x', '/tree/z');
  assert.match((await refusal('mv', '/tree/z', '/tree/y'))[1], /already exists/);
  await text('mv', '--force', '/tree/z', '/tree/y');
  assert.equal(await text('get', '/tree/y', local('y')), `Brought ${local('y')}, 1b.\n`);
  assert.equal((await refusal('mv', '/tree/nothing', '/tree/y2'))[0], 66);
  const [code, says] = await refusal('rm', '/tree/b');
  assert.equal(code, 73);
  assert.match(says, /not empty/);
  await text('rm', '-r', '/tree/b', '/tree/y');
  assert.deepEqual(await refusal('rm', '/tree/y'), [66, 'plinth: there is no /tree/y\n']);
  assert.equal(await text('rm', '--force', '/tree/y'), '');
  assert.equal((await refusal('rm', '-r', '/'))[0], 64);
});

test('what may not be is refused with a sentence and an exit code', async () => {
  writeFileSync(local('one'), 'one');
  await text('put', local('one'), '/no/one');
  assert.deepEqual(await refusal('put', local('one'), '/no/one'), [
    73,
    'plinth: /no/one already exists\n',
  ]);
  await text('put', '--force', local('one'), '/no/one');
  assert.equal((await refusal('put', 'not here', '/no/two'))[0], 66);
  assert.equal((await refusal('put', '.', '/no/two'))[0], 66);
  assert.equal((await refusal('put', '-', '/no'))[0], 64);
  assert.equal((await refusal('get', '/no/two', local('two')))[0], 66);
  assert.equal((await refusal('get', '/no', local('folder')))[0], 66);
  assert.equal((await refusal('get', '/no/one', local('one')))[0], 73);
  await text('get', '--force', '/no/one', local('one'));
  assert.equal((await refusal('get', '/no/one', local('missing/one')))[0], 73);
  assert.equal((await refusal('get', '--force', '/no/one', '/dev/null'))[0], 73);
  assert.equal((await refusal('ls', '/no/../no'))[0], 64);
  assert.equal((await refusal('rm', '/no/one', '--user', 'somebody'))[0], 77);
  assert.equal((await refusal('ls', '/', '--url', 'http://127.0.0.1:1'))[0], 69);
  assert.equal((await refusal('ls', '/', '--url', 'ftp://x'))[0], 64);
  assert.match(await text('ls', '/no', '--url', `http://${plinth.webHdfs}`), /one/);
});

/** A WebHDFS door that breaks off. */
async function withBroken(listener: RequestListener, work: (url: string) => Promise<void>) {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

function leftovers(): string[] {
  return readdirSync(plinth.folder).filter((name) => name.includes('.part') || name === 'broken');
}

test('get: a transfer that breaks off, or is cancelled, leaves nothing', async () => {
  const broken: RequestListener = (request, response) => {
    if (request.url?.includes('noredirect')) {
      const Location = `http://${request.headers.host}/data`;
      response.end(JSON.stringify({ Location }));
      return;
    }
    response.writeHead(200, { 'content-length': 1000 });
    response.write(Buffer.alloc(400));
    setTimeout(() => response.destroy(), 50);
  };
  await withBroken(broken, async (url) => {
    const [code, says] = await refusal('get', '/x', local('broken'), '--url', url);
    assert.equal(code, 69);
    assert.match(says, /\/x broke off after 400 of 1000 bytes/);
    assert.deepEqual(leftovers(), []);
  });
  const { promise: sent, resolve } = Promise.withResolvers<void>();
  const slow: RequestListener = (request, response) => {
    if (request.url?.includes('noredirect')) return broken(request, response);
    response.writeHead(200, { 'content-length': 10_000_000 });
    response.write(Buffer.alloc(5_000_000));
    void waitUntil('the file to be begun', () => leftovers().length > 0).then(resolve);
  };
  await withBroken(slow, async (url) => {
    const args = ['get', '/x', 'broken', '--url', url];
    const { code, err } = await plinth.pipe(args, { interrupt: sent });
    assert.deepEqual([code, err], [1, 'plinth: it was cancelled\n']);
    assert.deepEqual(leftovers(), []);
  });
});

test('put: what breaks off before its end is not there', async () => {
  await text('mkdir', '/half');
  // More than all buffers on the way have room for.
  const stdin = Buffer.alloc(30_000_000);
  const { code } = await plinth.pipe(['put', '-', '/half/x'], { stdin, interrupt: 'stdin' });
  assert.equal(code, 'SIGINT');
  assert.deepEqual(JSON.parse(await text('ls', '/half', '--json')), []);
});

interface Line {
  readonly problem?: Readonly<Record<string, unknown>>;
  readonly summary?: Readonly<Record<string, unknown>>;
}

async function fsck(path: string): Promise<{ code: number | string; lines: Line[] }> {
  const { code, out } = await plinth.run(['fsck', path, '--json']);
  const lines = out.toString().trim().split('\n');
  return { code, lines: lines.map((line) => JSON.parse(line) as Line) };
}

test('fsck: nothing is wrong, then flipped bytes, deleted files and truncated containers', async () => {
  writeFileSync(local('large'), content(2_500_000));
  for (const path of ['/check/flipped', '/check/gone']) {
    await text('put', local('large'), path);
  }
  await store('/check/small', content(100_000));
  const well = await fsck('/');
  assert.equal(well.code, 0, JSON.stringify(well.lines.at(-1)));
  assert.equal(well.lines.at(-1)?.summary?.isWhole, true);
  assert.match(
    await text('fsck', '/check'),
    /^\/check is well: 3 files, 0 directories; .* read in/,
  );

  const blocks = plinth.blockFiles('.blk');
  const [flipped, gone] = [blocks.at(-4)!, blocks.at(-1)!];
  const file = openSync(flipped, 'r+');
  writeSync(file, Buffer.from('!'), 0, 1, 200_000);
  closeSync(file);
  rmSync(gone);
  const pack = plinth.blockFiles('.pack').at(-1)!;
  truncateSync(pack, readFileSync(pack).length - 10);

  const { code, lines } = await fsck('/check');
  assert.equal(code, 1);
  const found = lines.flatMap(({ problem }) => (problem === undefined ? [] : [problem]));
  assert.deepEqual(
    found.map(({ kind, path, offset, blockOffset }) => [kind, path, offset, blockOffset]),
    [
      ['damaged', '/check/flipped', 196_608, 196_608],
      ['missing', '/check/gone', 1_048_576, 0],
      ['damaged', '/check/small', 65_536, 65_536],
    ],
  );
  const { code: again, out } = await plinth.run(['fsck', '/check/gone']);
  assert.equal(again, 1);
  assert.match(
    out.toString(),
    /^missing +\/check\/gone at 1048576: block \d+, from 0 on, 1048576 bytes: /,
  );
  assert.match(out.toString(), /\n\/check\/gone has 1 problem \(1 missing\): 1 files/);
  const status = await plinth.run(['status']);
  assert.equal(status.code, 1);
  assert.match(status.out.toString(), /^DAMAGED +3 blocks$/m);
  assert.match(
    (await refusal('get', '/check/flipped', local('x')))[1],
    /broke off|ChecksumException|damaged/,
  );
  assert.deepEqual(leftovers(), []);
});

test('fsck: without the token, for what is not there, and a client that leaves', async () => {
  const [code, says] = await refusal('fsck', '/nothing at all');
  assert.deepEqual([code, says], [1, 'plinth: there is no /nothing at all\n']);
  writeFileSync(local('token'), 'not-the-right-token-1234');
  const url = `http://${plinth.admin}/systems/files/fsck`;
  assert.equal((await fetch(url, { method: 'POST' })).status, 401);
  const token = readFileSync(join(plinth.data, 'admin-token'), 'utf8').trim();
  // More than may be under way at once, each left behind: they end, else the last ones were refused.
  for (let nth = 0; nth < 12; nth++) {
    const leaving = new AbortController();
    const headers = { authorization: `Bearer ${token}` };
    let status = 0;
    await waitUntil('a check to be let in', async () => {
      const answer = await fetch(url, { method: 'POST', headers, signal: leaving.signal });
      status = answer.status;
      if (status !== 200) await answer.text();
      return status === 200;
    });
    leaving.abort();
  }
  assert.equal(plinth.child.hasExited(), false);
});

test(
  'a door that speaks TLS is asked so, and only one that is trusted',
  requirePeer('openssl'),
  async () => {
    const folder = temporaryFolder('plinth-files-tls');
    const authority = new TestAuthority('Plinth test');
    const { cert, key } = authority.issue('localhost');
    const file = (name: string, pem: string): string => {
      const path = join(folder.path, name);
      writeFileSync(path, pem);
      return path;
    };
    const [ca, chain, secret] = [
      file('ca.pem', authority.cert),
      file('cert.pem', cert),
      file('key.pem', key),
    ];
    const certificate = `{ name: all, cert: ${chain}, key: ${secret} }`;
    const config = `files: { webhdfs: { tls: { certificates: [${certificate}] } } }\n`;
    const secure = await startFiles([], config);
    try {
      const trusting = { stdin: Buffer.from('hello'), env: { NODE_EXTRA_CA_CERTS: ca } };
      const stored = await secure.pipe(['put', '-', '/tls/x'], trusting);
      assert.equal(stored.out.toString(), 'Stored /tls/x, 5b.\n', stored.err);
      const { out } = await secure.pipe(['get', '/tls/x', '-'], trusting);
      assert.equal(out.toString(), 'hello');
      const refused = await secure.run(['ls', '/tls']);
      assert.equal(refused.code, 69);
      assert.match(refused.err, /CERT|UNABLE_TO_VERIFY/i);
    } finally {
      await secure.stop();
      authority.remove();
      folder.remove();
    }
  },
);
