/** Sessions that several servers resume, on every tier of the transport and between processes. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import type { TlsOptions, TransportTier } from '../index.ts';
import { createNodeTransport } from './transport.ts';
import { type Accepting, accepting, TestAuthority } from './transport-fixture.ts';

const authority = new TestAuthority('our authority');
const other = new TestAuthority('another authority');
const first = authority.issue('first', 'DNS:first.org');
const shop = authority.issue('shop', 'DNS:shop.org');
const alice = authority.issue('alice');
after(() => {
  authority.remove();
  other.remove();
});

const monday = Buffer.alloc(32, 'monday');
const tuesday = Buffer.alloc(32, 'tuesday');
const shared: TlsOptions = { ...first, certificates: [shop], sessionSecret: monday };
const versions = ['TLSv1.2', 'TLSv1.3'] as const;

/** Shakes hands and has a word sent back; gives the session that came with it. */
async function visit({ listener, next }: Accepting, more: ConnectionOptions) {
  const from = { port: listener.port, host: '127.0.0.1', ca: authority.cert };
  const socket: TLSSocket = connect({ ...from, rejectUnauthorized: false, ...more });
  socket.on('error', () => {});
  const session = more.session === undefined ? once(socket, 'session') : undefined;
  await once(socket, 'secureConnect');
  const recorder = await next();
  socket.write('word');
  await recorder.until(() => recorder.text === 'word');
  recorder.stream.write(Buffer.from('word'));
  await once(socket, 'data');
  const reused = socket.isSessionReused();
  const [kept] = session === undefined ? [] : ((await session) as [Buffer]);
  socket.destroy();
  recorder.stream.destroy();
  await recorder.until(() => recorder.closes === 1);
  return { reused, session: kept };
}

for (const tier of ['streams', 'onread', 'handle'] satisfies TransportTier[]) {
  test(`${tier}: servers of one secret resume each other's sessions, others shake hands anew`, async () => {
    const transport = await createNodeTransport(tier);
    await transport.prepareTls();
    const one = await accepting(transport, { tls: shared });
    const two = await accepting(transport, { tls: { ...shared, certificates: [] } });
    const stranger = await accepting(transport, { tls: { ...shared, sessionSecret: tuesday } });
    for (const maxVersion of versions) {
      for (const servername of ['first.org', 'shop.org']) {
        const options = { maxVersion, servername };
        const { session } = await visit(one, options);
        assert.ok(session !== undefined);
        const again = async (at: Accepting) => (await visit(at, { ...options, session })).reused;
        assert.equal(await again(two), true, `${maxVersion} ${servername}`);
        assert.equal(await again(stranger), false, `${maxVersion} ${servername}`);
      }
    }
    for (const { listener } of [one, two, stranger]) await listener.close();
  });
}

test('a change of the secret: old sessions shake hands anew and are not turned away', async () => {
  const transport = await createNodeTransport();
  await transport.prepareTls();
  const door = await accepting(transport, { tls: shared });
  for (const maxVersion of versions) {
    door.listener.updateTls(shared);
    const options = { maxVersion, servername: 'shop.org' };
    const { session: old } = await visit(door, options);
    door.listener.updateTls({ ...shared, sessionSecret: tuesday });
    assert.equal((await visit(door, { ...options, session: old! })).reused, false);
    const { session: fresh } = await visit(door, options);
    assert.equal((await visit(door, { ...options, session: fresh! })).reused, true);
  }
  assert.deepEqual(door.handshakeEnds, []);
  await door.listener.close();
});

test('one secret, other rules for clients: what a client was let in by elsewhere does not count', async () => {
  const transport = await createNodeTransport();
  await transport.prepareTls();
  const rules = { requestCert: true, rejectUnauthorized: false };
  const ours = { ...shared, ca: authority.cert, ...rules };
  const one = await accepting(transport, { tls: ours });
  const same = await accepting(transport, { tls: ours });
  const differs = await accepting(transport, { tls: { ...ours, ca: other.cert } });
  for (const maxVersion of versions) {
    for (const servername of ['first.org', 'shop.org']) {
      const options = { ...alice, maxVersion, servername };
      const { session } = await visit(one, options);
      assert.equal((await visit(same, { ...options, session: session! })).reused, true);
      assert.equal((await visit(differs, { ...options, session: session! })).reused, false);
    }
  }
  for (const { listener } of [one, same, differs]) await listener.close();
});

/** A server in a process of its own, as another PoP is; prints its port, answers each word. */
const program = `
import { createNodeTransport } from ${JSON.stringify(new URL('./transport.ts', import.meta.url).href)};
const transport = await createNodeTransport();
await transport.prepareTls();
const listener = await transport.listen({
  address: { host: '127.0.0.1', port: 0 }, backlog: 10, keepAliveMs: 0, handshakeTimeoutMs: 10_000,
  tls: { ...JSON.parse(process.argv[1]), sessionSecret: Buffer.alloc(32, 'monday') },
  admit: () => true, onHandshakeEnd() {}, onAcceptError() {},
  onAccept: (stream) => stream.attach({
    onData: (chunk) => void stream.write(Buffer.from(chunk)), onDrain() {}, onEnd() {}, onClosed() {},
  }),
});
console.log(listener.port);
process.stdin.on('end', () => process.exit()).resume();
`;

/** What `openssl s_client` says of its session, its tickets kept in or taken from a file. */
async function sClient(at: Accepting, version: string, session: string[]): Promise<string> {
  const address = `127.0.0.1:${at.listener.port}`;
  const args = ['s_client', '-connect', address, '-servername', 'shop.org', version, ...session];
  const child = spawn('openssl', args, { stdio: ['pipe', 'pipe', 'ignore'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const recorder = await at.next();
  child.stdin.write('ping\n');
  await recorder.until(() => recorder.text === 'ping\n');
  recorder.stream.write(Buffer.from('pong of ours\n'));
  while (!output.includes('pong of ours')) await once(child.stdout, 'data');
  recorder.stream.destroy();
  await once(child, 'close');
  return /^(New|Reused), TLSv/m.exec(output)?.[1] ?? output;
}

test('openssl s_client resumes at one server what it began at the other', async () => {
  const transport = await createNodeTransport();
  await transport.prepareTls();
  const one = await accepting(transport, { tls: shared });
  const two = await accepting(transport, { tls: shared });
  const folder = mkdtempSync(join(tmpdir(), 'plinth-sessions-'));
  for (const version of ['-tls1_2', '-tls1_3']) {
    const file = join(folder, version);
    assert.equal(await sClient(one, version, ['-sess_out', file]), 'New');
    assert.equal(await sClient(two, version, ['-sess_in', file]), 'Reused');
    two.listener.updateTls({ ...shared, sessionSecret: tuesday });
    assert.equal(await sClient(two, version, ['-sess_in', file]), 'New');
    two.listener.updateTls(shared);
  }
  rmSync(folder, { recursive: true });
  for (const { listener } of [one, two]) await listener.close();
});

test('another process of the same secret resumes what this one began', async () => {
  const transport = await createNodeTransport();
  await transport.prepareTls();
  const here = await accepting(transport, { tls: shared });
  const args = ['--input-type=module', '-e', program, JSON.stringify(shop)];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  for (const maxVersion of versions) {
    const { session } = await visit(here, { maxVersion, servername: 'shop.org' });
    const options = { port: Number(line.toString()), host: '127.0.0.1', maxVersion };
    const socket = connect({
      ...options,
      servername: 'shop.org',
      ca: authority.cert,
      session: session!,
    });
    await once(socket, 'secureConnect');
    assert.equal(socket.isSessionReused(), true, maxVersion);
    socket.destroy();
  }
  child.stdin.end();
  await once(child, 'exit');
  await here.listener.close();
});
