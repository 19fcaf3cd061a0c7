import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { DatagramOptions, DatagramSocket } from '../index.ts';
import { bindUdp } from './datagram.ts';

const open: DatagramSocket[] = [];
after(() => Promise.all(open.map((socket) => socket.close())));

interface Bound {
  readonly socket: DatagramSocket;
  readonly messages: string[];
  readonly from: string[];
  readonly errors: string[];
}

async function bound(more: Partial<DatagramOptions> = {}): Promise<Bound> {
  const messages: string[] = [];
  const from: string[] = [];
  const errors: string[] = [];
  const socket = await bindUdp({
    address: { host: '127.0.0.1', port: 0 },
    waitingCountMax: 100,
    waitingBytesMax: 1_000_000,
    onMessage(bytes, address, port) {
      messages.push(bytes.toString('latin1'));
      from.push(`${address} ${port}`);
    },
    onError: (code) => errors.push(code),
    ...more,
  });
  open.push(socket);
  return { socket, messages, from, errors };
}

async function eventually(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 2));
}

test('datagrams come whole, one by one, with where they are from; empty ones too', async () => {
  for (const host of ['127.0.0.1', '::1']) {
    const one = await bound({ address: { host, port: 0 } });
    const other = await bound({ address: { host, port: 0 } });
    assert.equal(one.socket.address, host);
    const sent = ['a', '', 'x'.repeat(20_000)];
    for (const text of sent) {
      assert.equal(one.socket.send(Buffer.from(text), host, other.socket.port), true);
    }
    await eventually(() => other.messages.length === 3);
    assert.deepEqual(other.messages, sent);
    assert.equal(other.from[0], `${host} ${one.socket.port}`);
    await eventually(() => one.socket.waitingCount === 0);
    assert.equal(one.socket.waitingBytes, 0);
    assert.equal(one.socket.dropped, 0);
  }
});

test('with a peer only its datagrams come, and that nobody listens there is told', async () => {
  const peer = await bound();
  const stranger = await bound();
  const target = { host: '127.0.0.1', port: peer.socket.port };
  const ours = await bound({ peer: target });
  stranger.socket.send(Buffer.from('no'), '127.0.0.1', ours.socket.port);
  ours.socket.send(Buffer.from('ask'));
  await eventually(() => peer.messages.length === 1);
  peer.socket.send(Buffer.from('answer'), '127.0.0.1', ours.socket.port);
  await eventually(() => ours.messages.length > 0);
  assert.deepEqual(ours.messages, ['answer']);
  await peer.socket.close();
  await eventually(() => {
    ours.socket.send(Buffer.from('ask'));
    return ours.errors.includes('ECONNREFUSED');
  });
});

test('what waits for the kernel is bounded, in number and bytes; the rest is dropped and counted', async () => {
  const sink = await bound();
  const { port } = sink.socket;
  const few = await bound({ waitingCountMax: 3 });
  const taken = Array.from({ length: 10 }, () => few.socket.send(Buffer.of(1), '127.0.0.1', port));
  assert.equal(taken.filter((one) => one).length, 10 - few.socket.dropped);
  assert.ok(few.socket.waitingCount <= 3);
  const small = await bound({ waitingBytesMax: 100 });
  assert.equal(small.socket.send(Buffer.alloc(101), '127.0.0.1', port), false);
  assert.equal(small.socket.dropped, 1);
  // Too large for the system: told and counted, the socket goes on.
  assert.equal(
    few.socket.send(Buffer.alloc(70_000), '127.0.0.1', port),
    few.socket.waitingCount < 3,
  );
  await eventually(() => few.socket.waitingCount === 0);
  small.socket.send(Buffer.from('end'), '127.0.0.1', port);
  await eventually(() => sink.messages.includes('end'));
});

test('an address that is taken or not ours: a typed error; after close nothing is told', async () => {
  const one = await bound();
  const taken = { host: '127.0.0.1', port: one.socket.port };
  await assert.rejects(bound({ address: taken }), { name: 'ListenError', code: 'address-in-use' });
  const foreign = { host: '192.0.2.1', port: 0 };
  await assert.rejects(bound({ address: foreign }), { name: 'ListenError', code: 'bad-address' });
  const other = await bound();
  const { port } = one.socket;
  await Promise.all([one.socket.close(), one.socket.close()]);
  assert.equal(one.socket.send(Buffer.of(1), '127.0.0.1', port), false);
  const again = await bound({ address: taken });
  other.socket.send(Buffer.from('late'), '127.0.0.1', port);
  await eventually(() => again.messages.length === 1);
  assert.deepEqual(one.messages, []);
});
