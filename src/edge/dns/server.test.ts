import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, test } from 'node:test';
import packet from 'dns-packet';
import { makeQuery } from './testing/asker.ts';
import { startDns } from './testing/server.ts';
import { dnsSettings, exampleZone } from './testing/settings.ts';

const yaml = `port: 0\ntcp_per_client_max: 3\n${exampleZone}`;
const dns = await startDns(dnsSettings(yaml));
after(() => dns.server.stop());

const framed = (...queries: Buffer[]): Buffer =>
  Buffer.concat(
    queries.flatMap((query) => [Buffer.from([query.length >> 8, query.length & 255]), query]),
  );

/** Reads this many answers, or until the server ends the connection. */
async function answersOf(socket: Socket, count: number): Promise<packet.DecodedPacket[]> {
  let bytes = Buffer.alloc(0);
  const found: packet.DecodedPacket[] = [];
  for await (const chunk of socket) {
    bytes = Buffer.concat([bytes, chunk as Buffer]);
    while (bytes.length >= 2 && bytes.length >= 2 + bytes.readUInt16BE(0)) {
      const end = 2 + bytes.readUInt16BE(0);
      found.push(packet.decode(bytes.subarray(2, end)));
      bytes = bytes.subarray(end);
    }
    if (found.length >= count) break;
  }
  return found;
}

async function dialled(): Promise<Socket> {
  const socket = connect(dns.server.port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

test('UDP is answered from where it was asked', async () => {
  const socket = createSocket('udp4');
  socket.send(makeQuery('mail.example.com'), dns.server.port, '127.0.0.1');
  const [bytes, from] = (await once(socket, 'message')) as [Buffer, { port: number }];
  socket.close();
  assert.equal(from.port, dns.server.port);
  assert.equal(packet.decode(bytes).answers?.length, 1);
});

test('several queries on one connection are answered in order, however they are cut', async () => {
  const names = ['mail', 'ns1', 'nope', 'www', 'alias'];
  const bytes = framed(...names.map((name) => makeQuery(`${name}.example.com`)));
  for (const cut of [bytes.length, 1, 7, 60]) {
    const socket = await dialled();
    socket.setNoDelay(true);
    const reading = answersOf(socket, names.length);
    for (let at = 0; at < bytes.length; at += cut) {
      socket.write(bytes.subarray(at, at + cut));
      if (cut < 60) await new Promise(setImmediate);
    }
    const asked = (await reading).map((each) => each.questions?.[0]?.name);
    assert.deepEqual(
      asked,
      names.map((name) => `${name}.example.com`),
      `pieces of ${cut}`,
    );
    socket.destroy();
  }
});

test('what was asked before the end is answered', async () => {
  const socket = await dialled();
  socket.end(framed(makeQuery('mail.example.com'), makeQuery('ns1.example.com')));
  assert.equal((await answersOf(socket, 3)).length, 2);
});

test('what is no query, or longer than one, ends the connection', async () => {
  const response = makeQuery('mail.example.com');
  response[2] = 0x80;
  for (const bytes of [framed(response), Buffer.from([0xff, 0xff, 0, 0]), Buffer.from([0, 0])]) {
    const socket = await dialled();
    socket.write(bytes);
    assert.deepEqual(await answersOf(socket, 1), []);
    socket.destroy();
  }
});

test('an address has no more connections than it may', async () => {
  const sockets = [await dialled(), await dialled(), await dialled()];
  for (const socket of sockets) {
    socket.write(framed(makeQuery('mail.example.com')));
    await once(socket, 'data');
  }
  const more = connect(dns.server.port, '127.0.0.1');
  more.on('error', () => {});
  await once(more, 'close');
  assert.equal(dns.server.counts.tcpRefused, 1);
  for (const socket of sockets) socket.destroy();
  await Promise.all(sockets.map((socket) => once(socket, 'close')));
  while (dns.server.tcpConnections > 0) await new Promise(setImmediate);
  const again = await dialled();
  again.write(framed(makeQuery('mail.example.com')));
  assert.equal((await answersOf(again, 1)).length, 1);
  again.destroy();
});

test('a client that does not read has its queries wait, and loses none', async () => {
  const socket = await dialled();
  const query = makeQuery('example.com', 'TXT');
  const count = 20_000;
  socket.write(framed(...Array.from({ length: count }, () => query)));
  await new Promise(setImmediate);
  assert.equal((await answersOf(socket, count)).length, count);
  socket.destroy();
});

test('who asks for much by TCP leaves others their turn', async () => {
  const tcp = await dialled();
  const udp = createSocket('udp4');
  const count = 20_000;
  let isDone = false;
  const query = makeQuery('mail.example.com');
  tcp.write(framed(...Array.from({ length: count }, () => query)));
  const reading = answersOf(tcp, count).then((found) => {
    isDone = true;
    return found.length;
  });
  await new Promise(setImmediate);
  udp.send(query, dns.server.port, '127.0.0.1');
  await once(udp, 'message');
  udp.close();
  assert.equal(isDone, false);
  assert.equal(await reading, count);
  tcp.destroy();
});

test('without a port nothing listens', async () => {
  const { server } = await startDns(dnsSettings(exampleZone));
  assert.equal(server.port, 0);
  await server.stop();
});

test('a port that is taken is told, and nothing is left open', async () => {
  await assert.rejects(
    startDns(dnsSettings(`port: ${dns.server.port}\n${exampleZone}`)),
    /cannot listen on 127\.0\.0\.1/,
  );
});
