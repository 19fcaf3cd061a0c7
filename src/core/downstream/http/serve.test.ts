/** Who a connection is from: PROXY headers from those who are believed, and so many connections of one client. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import {
  type Bed,
  type BedOptions,
  Peer,
  statuses,
  withBed,
} from '../../../../tests/support/http-bed.ts';
import { answer, type Handler } from '../../http/index.ts';
import { TestAuthority } from '../../runtime/node/transport-fixture.ts';
import { encodeProxyHeader, encodeProxyLine, type ProxyEndpoints } from '../../wire/index.ts';
import { AddressTable, clientKey } from './address-table.ts';

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const endpoints: ProxyEndpoints = {
  family: 'inet',
  transport: 'stream',
  sourceAddress: '203.0.113.7',
  sourcePort: 4711,
  destinationAddress: '198.51.100.1',
  destinationPort: 443,
};

/** Answers with what is known of the client. */
const who = (): Handler => (exchange) => {
  const { remoteAddress, remotePort, localAddress, localPort, isTrusted } = exchange.client;
  const text = `${remoteAddress} ${remotePort} ${localAddress} ${localPort} ${isTrusted}\n`;
  answer(exchange, { status: 200, body: Buffer.from(text) });
};

const believing: BedOptions = {
  proxyProtocol: true,
  trusts: (address) => address === '127.0.0.1',
  handler: who,
};

async function withServer(options: BedOptions, work: (bed: Bed) => Promise<void>): Promise<void> {
  await withBed(() => {}, options, work);
}

const headers: readonly [name: string, bytes: Buffer, client: string][] = [
  ['of version 1', encodeProxyLine(endpoints), '203.0.113.7 4711 198.51.100.1 443 false'],
  ['of version 2', encodeProxyHeader(endpoints), '203.0.113.7 4711 198.51.100.1 443 false'],
  [
    'of version 2, IPv6',
    encodeProxyHeader({
      ...endpoints,
      family: 'inet6',
      sourceAddress: '2001:db8::1',
      destinationAddress: '2001:db8::2',
    }),
    '2001:db8::1 4711 2001:db8::2 443 false',
  ],
  ['for the proxy itself', encodeProxyHeader(null), '127.0.0.1 0 127.0.0.1 0 true'],
  ['that knows nothing', encodeProxyLine(null), '127.0.0.1 0 127.0.0.1 0 true'],
];

for (const [name, header, expected] of headers) {
  test(`a PROXY header ${name} says who the client is, whole or byte by byte`, async () => {
    await withServer(believing, async (bed) => {
      const whole = await bed.connect();
      whole.send(Buffer.concat([header, Buffer.from(GET)]));
      const pieces = await bed.connect();
      await pieces.sendInPieces([...header].map((byte) => Buffer.of(byte)));
      pieces.send(GET);
      for (const client of [whole, pieces]) {
        await client.until(() => /(true|false)\n$/.test(client.text), 'an answer');
        const own = [client.socket.localPort, bed.port];
        const said = expected.replaceAll(' 0 ', () => ` ${own.shift()} `);
        assert.equal(client.text.split('\r\n\r\n')[1]?.trim(), said);
        // It is said once for all requests.
        client.send(GET);
        await client.until(() => statuses(client.text).length === 2, 'the second');
      }
    });
  });
}

test('a connection of somebody believed that begins otherwise is ended without a word', async () => {
  await withServer(believing, async (bed) => {
    for (const start of [GET, 'PROXY TCP4 1.2.3.4\r\n', '\r\n\r\n\0\r\nQUIT\n\x11\x11\0\0']) {
      const client = await bed.connect();
      client.send(start);
      await client.untilClosed();
      assert.equal(client.text, '');
    }
    for (const { socket } of bed.clients) socket.destroy();
    await bed.untilEmpty();
    assert.equal(bed.http.listener.endings.of('protocol-error'), 3);
  });
});

test('a header of somebody who is not believed is taken for a request, and refused', async () => {
  const options = { ...believing, trusts: () => false };
  await withServer(options, async (bed) => {
    for (const header of [encodeProxyLine(endpoints), encodeProxyHeader(endpoints)]) {
      const text = await bed.ask(Buffer.concat([header, Buffer.from(GET)]));
      assert.deepEqual(statuses(text), ['400']);
    }
    await bed.untilEmpty();
    assert.equal(bed.http.listener.endings.of('protocol-error'), 2);
    const client = await bed.connect();
    client.send(GET);
    await client.untilText('200 OK');
  });
});

test('a header that does not come has the time of a head', async () => {
  await withServer({ ...believing, limits: { headMs: 5_000 } }, async (bed) => {
    const client = await bed.connect();
    client.send('PROXY TCP4 ');
    await bed.pass(7_000);
    await client.untilClosed();
    await bed.untilEmpty();
    assert.equal(bed.http.listener.endings.of('head-timeout'), 1);
  });
});

test('who must send a header is changed live', async () => {
  await withServer({ ...believing, proxyProtocol: false }, async (bed) => {
    const before = await bed.connect();
    before.send(GET);
    await before.untilText('127.0.0.1');
    bed.http.server.proxyProtocol = true;
    const after = await bed.connect();
    after.send(Buffer.concat([encodeProxyLine(endpoints), Buffer.from(GET)]));
    await after.untilText('203.0.113.7');
    before.send(GET);
    await before.until(() => statuses(before.text).length === 2, 'the second');
  });
});

test('a client has so many connections at once, behind a proxy as well', async () => {
  const limits = { connectionsPerAddress: 2 };
  await withServer({ ...believing, limits }, async (bed) => {
    const open = async (sourceAddress: string) => {
      const client = await bed.connect(false);
      client.send(encodeProxyLine({ ...endpoints, sourceAddress }));
      client.send(GET);
      await client.until(() => statuses(client.text).length === 1, 'an answer');
      return client;
    };
    const first = await open('203.0.113.7');
    await open('203.0.113.7');
    const third = await open('203.0.113.7');
    assert.deepEqual(statuses(third.text), ['429']);
    await third.untilClosed();
    assert.deepEqual(statuses((await open('203.0.113.8')).text), ['200']);
    first.socket.destroy();
    await first.until(() => bed.http.listener.connections === 2, 'the first to be gone');
    assert.deepEqual(statuses((await open('203.0.113.7')).text), ['200']);
    assert.deepEqual(statuses((await open('203.0.113.7')).text), ['429']);
    bed.http.server.limits = { ...bed.http.server.limits, connectionsPerAddress: 3 };
    assert.deepEqual(statuses((await open('203.0.113.7')).text), ['200']);
    assert.equal(bed.http.listener.endings.of('connections-limit'), 2);
  });
});

test('a PROXY header comes before TLS, and a stranger’s is no handshake', async () => {
  const authority = new TestAuthority('proxy authority');
  const tls = authority.issue('localhost');
  authority.remove();
  for (const trusted of [true, false]) {
    await withServer({ ...believing, trusts: () => trusted, tls }, async (bed) => {
      const plain = await bed.connect(false);
      plain.socket.removeAllListeners('data');
      plain.send(encodeProxyHeader(endpoints));
      const socket = connectTls({ socket: plain.socket, rejectUnauthorized: false });
      const client = new Peer(socket, 0);
      client.send(GET);
      await client.until(() => client.closed || client.text.endsWith('\n'), 'an answer');
      assert.equal(client.text.includes('203.0.113.7 4711'), trusted);
      socket.destroy();
      if (!trusted) assert.equal(bed.http.listener.endings.of('handshake-failed'), 1);
    });
  }
});

test('an IPv4 address is one client however it is written, and so is an IPv6 network of 64 bits', () => {
  const same = [
    ['192.0.2.1', '::ffff:192.0.2.1'],
    ['2001:db8:1:2::1', '2001:db8:1:2:ffff:ffff:ffff:ffff'],
  ] as const;
  const different = [
    ['192.0.2.1', '192.0.2.2'],
    ['2001:db8:1:2::1', '2001:db8:1:3::1'],
    ['192.0.2.1', '2001:db8:1:3::1'],
  ] as const;
  for (const [one, other] of same) assert.equal(clientKey(one), clientKey(other));
  for (const [one, other] of different) assert.notEqual(clientKey(one), clientKey(other));
});

test('a table of clients has no row for those who are gone', () => {
  const table = new AddressTable();
  assert.equal(table.enter(1, '192.0.2.1', 2), true);
  assert.equal(table.enter(2, '192.0.2.1', 2), true);
  assert.equal(table.enter(3, '192.0.2.1', 2), false);
  assert.equal(table.enter(4, '192.0.2.1', 0), true);
  table.leave(3);
  assert.equal(table.enter(5, '192.0.2.1', 2), false);
  for (const id of [1, 2, 4, 4, 5]) table.leave(id);
  assert.equal(table.clients, 0);
});

test('a client that is not wanted gets nothing, others do, by the address that counts', async () => {
  const asked: string[] = [];
  const admits = (address: string): boolean => {
    asked.push(address);
    return address !== '203.0.113.7';
  };
  await withServer({ ...believing, admits }, async (bed) => {
    const open = async (sourceAddress: string) => {
      const client = await bed.connect(false);
      client.send(encodeProxyLine({ ...endpoints, sourceAddress }));
      client.send(GET);
      return client;
    };
    const away = await open('203.0.113.7');
    await away.untilClosed();
    assert.equal(away.text, '');
    const taken = await open('203.0.113.8');
    await taken.until(() => statuses(taken.text).length === 1, 'an answer');
    assert.deepEqual(statuses(taken.text), ['200']);
    assert.deepEqual(asked, ['203.0.113.7', '203.0.113.8']);
    assert.equal(bed.http.listener.endings.of('not-admitted'), 1);
  });
});
