import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { type ConnectionOptions, connect } from 'node:tls';
import fc from 'fast-check';
import {
  type ClientHello,
  type HelloParsed,
  type HelloProblem,
  parseClientHello,
} from './index.ts';

const server = createServer();
let port = 0;
before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});
after(() => server.close());

/** The first message that a client sends, as it comes. */
async function sentBy(start: () => () => void): Promise<Buffer> {
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const stop = start();
  const [socket] = await accepted;
  const chunks: Buffer[] = [];
  socket.on('error', () => {});
  for await (const chunk of socket) {
    chunks.push(chunk as Buffer);
    if (parseClientHello(Buffer.concat(chunks)).kind !== 'more') break;
  }
  socket.destroy();
  stop();
  return Buffer.concat(chunks);
}

function sentByNode(options: ConnectionOptions): Promise<Buffer> {
  return sentBy(() => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
    socket.on('error', () => {});
    return () => socket.destroy();
  });
}

function sentByOpenssl(...given: string[]): Promise<Buffer> {
  return sentBy(() => {
    const options = ['s_client', '-connect', `127.0.0.1:${port}`, ...given];
    const child = spawn('openssl', options, { stdio: ['pipe', 'ignore', 'ignore'] });
    return () => child.kill();
  });
}

function helloOf(bytes: Buffer): ClientHello {
  const parsed = parseClientHello(bytes);
  assert.equal(parsed.kind, 'hello', JSON.stringify(parsed));
  return (parsed as Extract<HelloParsed, { kind: 'hello' }>).hello;
}

test("hellos of Node's TLS: name, protocols and versions", async () => {
  const bytes = await sentByNode({
    servername: 'Shop.Example.org',
    ALPNProtocols: ['h2', 'http/1.1'],
  });
  assert.deepEqual(helloOf(bytes), {
    serverName: 'shop.example.org',
    alpn: ['h2', 'http/1.1'],
    versions: [0x0304, 0x0303],
  });
  const plain = await sentByNode({ maxVersion: 'TLSv1.2', servername: '' });
  assert.deepEqual(helloOf(plain), { serverName: '', alpn: [], versions: [0x0303] });
});

test('hellos of openssl s_client, one of 10 KiB of protocols over some records among them', async () => {
  const bytes = await sentByOpenssl('-servername', 'a.example', '-alpn', 'h2', '-tls1_3');
  assert.deepEqual(helloOf(bytes), { serverName: 'a.example', alpn: ['h2'], versions: [0x0304] });
  const protocols = Array.from({ length: 50 }, (_, index) => `${index}`.padStart(200, 'p'));
  const long = await sentByOpenssl('-noservername', '-alpn', protocols.join(','));
  assert.deepEqual(helloOf(long).alpn, protocols);
  assert.equal(helloOf(long).serverName, '');
});

test('a hello cut anywhere needs more, and is the same in many records', async () => {
  const bytes = await sentByNode({ servername: 'a.example', ALPNProtocols: ['h2'] });
  const whole = helloOf(bytes);
  for (let cut = 0; cut < bytes.length; cut++) {
    assert.equal(parseClientHello(bytes.subarray(0, cut)).kind, 'more');
  }
  assert.deepEqual(helloOf(Buffer.concat([bytes, Buffer.of(23, 3, 3, 0, 1, 0)])), whole);
  const message = bytes.subarray(5);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 20 }), (sizes) => {
      const records: Buffer[] = [];
      let at = 0;
      for (const size of sizes) {
        if (at >= message.length) break;
        records.push(record(message.subarray(at, at + size)));
        at += size;
      }
      if (at < message.length) records.push(record(message.subarray(at)));
      assert.deepEqual(helloOf(Buffer.concat(records)), whole);
    }),
  );
});

function record(fragment: Buffer): Buffer {
  const header = Buffer.of(22, 3, 1, 0, 0);
  header.writeUInt16BE(fragment.length, 3);
  return Buffer.concat([header, fragment]);
}

/** A hello of our own making, with these extensions (type, value in hexadecimal). */
function made(extensions: readonly [number, string][], change: { suites?: string } = {}): Buffer {
  const values = extensions.map(([type, hex]) => {
    const value = Buffer.from(hex.replaceAll(' ', ''), 'hex');
    const head = Buffer.alloc(4);
    head.writeUInt16BE(type, 0);
    head.writeUInt16BE(value.length, 2);
    return Buffer.concat([head, value]);
  });
  const all = Buffer.concat(values);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(all.length);
  const fixed = Buffer.concat([
    Buffer.of(3, 3),
    Buffer.alloc(32, 7),
    Buffer.from(`00${change.suites ?? '00021301'}0100`, 'hex'),
  ]);
  return hello(Buffer.concat([fixed, length, all]));
}

function hello(body: Buffer): Buffer {
  const header = Buffer.alloc(4);
  header[0] = 1;
  header.writeUIntBE(body.length, 1, 3);
  return record(Buffer.concat([header, body]));
}

const nameOf = (name: string): string => {
  const bytes = Buffer.from(name, 'latin1');
  const both = Buffer.alloc(5);
  both.writeUInt16BE(bytes.length + 3, 0);
  both.writeUInt16BE(bytes.length, 3);
  return Buffer.concat([both, bytes]).toString('hex');
};

test('made-up versions are left out, and a hello may end before its extensions', () => {
  assert.deepEqual(helloOf(made([[43, '06 3a3a 0304 0303']])).versions, [0x0304, 0x0303]);
  const body = Buffer.from(`0303${'07'.repeat(32)}00000213010100`, 'hex');
  assert.deepEqual(helloOf(hello(body)), { serverName: '', alpn: [], versions: [0x0303] });
});

test('what is no hello: named', () => {
  const table: [string, Buffer, HelloProblem][] = [
    ['http', Buffer.from('GET / HTTP/1.1\r\n'), 'not-tls'],
    ['SSL 2', Buffer.from('802e0100020015', 'hex'), 'not-tls'],
    ['version of a record', Buffer.from('1602', 'hex'), 'not-tls'],
    ['another message', Buffer.from('160301000402000000', 'hex'), 'not-hello'],
    ['an empty record', Buffer.from('1603010000', 'hex'), 'bad-record'],
    ['a long record', Buffer.from('1603014001', 'hex'), 'bad-record'],
    ['a long message', Buffer.from('160301000401004001', 'hex'), 'too-long'],
    ['another record between', Buffer.from('160301000401000010' + '1703', 'hex'), 'not-tls'],
    ['no cipher suite', made([], { suites: '0000' }), 'bad-length'],
    ['half a cipher suite', made([], { suites: '0003130113' }), 'bad-length'],
    ['suites beyond the end', made([], { suites: 'ffff1301' }), 'bad-length'],
    [
      'twice',
      made([
        [35, ''],
        [35, ''],
      ]),
      'bad-extension',
    ],
    ['no name', made([[0, nameOf('')]]), 'bad-server-name'],
    ['a name with NUL', made([[0, nameOf('a\0b')]]), 'bad-server-name'],
    ['a name with space', made([[0, nameOf('a b')]]), 'bad-server-name'],
    ['an empty label', made([[0, nameOf('a..b')]]), 'bad-server-name'],
    ['a dot at the end', made([[0, nameOf('a.')]]), 'bad-server-name'],
    ['a long label', made([[0, nameOf('a'.repeat(64))]]), 'bad-server-name'],
    ['a long name', made([[0, nameOf(`${'abc.'.repeat(63)}de`)]]), 'bad-server-name'],
    ['two names', made([[0, '0008 00000161 00000162']]), 'bad-server-name'],
    ['another type of name', made([[0, '0004 01000161']]), 'bad-server-name'],
    ['no protocols', made([[16, '0000']]), 'bad-protocols'],
    ['an empty protocol', made([[16, '0001 00']]), 'bad-protocols'],
    ['a protocol beyond the end', made([[16, '0003 036832']]), 'bad-protocols'],
    ['no versions', made([[43, '00']]), 'bad-versions'],
    ['made-up versions only', made([[43, '02 0a0a']]), 'bad-versions'],
    ['half a version', made([[43, '03 0304 03']]), 'bad-versions'],
  ];
  for (const [what, bytes, problem] of table) {
    assert.deepEqual(parseClientHello(bytes), { kind: 'problem', problem }, what);
  }
  const many = Buffer.concat(Array.from({ length: 40 }, () => record(Buffer.of(1))));
  const start = record(Buffer.of(1, 0, 0x10, 0));
  assert.deepEqual(parseClientHello(Buffer.concat([start, many])), {
    kind: 'problem',
    problem: 'too-many-records',
  });
});

test('hostile bytes: a verdict does not change when more bytes come, and nothing is thrown', () => {
  const base = made([
    [0, nameOf('a.example')],
    [16, '0003 026832'],
    [43, '02 0304'],
  ]);
  const edit = fc.tuple(fc.nat(base.length - 1), fc.integer({ min: 0, max: 255 }));
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
      const bytes = Buffer.from(base);
      for (const [at, value] of edits) bytes[at] = value;
      let verdict: HelloParsed | null = null;
      for (let cut = 0; cut <= bytes.length; cut++) {
        const parsed = parseClientHello(bytes.subarray(0, cut));
        if (verdict !== null) assert.deepEqual(parsed, verdict);
        else if (parsed.kind !== 'more') verdict = parsed;
      }
    }),
    { numRuns: 1000 },
  );
});
