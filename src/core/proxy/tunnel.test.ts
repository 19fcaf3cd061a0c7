/** Upgrades: what is passed on, what is not, and how tunnels flow and end. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { answering, ok, type Peer, statuses, withBed } from '../../../tests/support/http-bed.ts';

const ASK =
  'GET /chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n';
const SWITCH =
  'HTTP/1.1 101 Switching Protocols\r\nDate: now\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n';

/** Switches, then sends back what comes. */
function echo(peer: Peer): void {
  let head = true;
  peer.socket.on('data', (chunk: Buffer) => {
    if (!head) {
      peer.socket.write(chunk);
      return;
    }
    const end = peer.received.indexOf('\r\n\r\n');
    if (end === -1) return;
    head = false;
    peer.send(SWITCH);
    if (peer.received.length > end + 4) peer.socket.write(peer.received.subarray(end + 4));
  });
  peer.socket.on('end', () => peer.socket.end());
}

test('an upgrade is passed on, and then every byte, both ways', async () => {
  await withBed(echo, {}, async (bed) => {
    const client = await bed.connect();
    client.send(ASK);
    await client.untilText('\r\n\r\n');
    assert.equal(
      bed.accepted[0]?.text,
      'GET /chat HTTP/1.1\r\nHost: x\r\nSec-WebSocket-Key: k\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n',
    );
    const head = client.text;
    assert.match(head, /^HTTP\/1\.1 101 Switching Protocols\r\nDate: now\r\n/);
    assert.match(head, /\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n$/);
    const sent = Buffer.alloc(3_000_000, '0123456789abcdef\r\n\r\n');
    client.send(sent);
    await client.until(() => client.receivedBytes >= head.length + sent.length, 'the echo');
    const back = client.received.subarray(head.length);
    assert.equal(hash(back), hash(sent));
    client.socket.end();
    await client.untilClosed();
    await bed.untilEmpty();
    assert.deepEqual(bed.endings, ['101 complete']);
    assert.deepEqual(bed.outcomes, ['well']);
  });
});

test('what a client sends before the switch waits for it', async () => {
  await withBed(echo, {}, async (bed) => {
    const client = await bed.connect();
    client.send(`${ASK}early`);
    await client.untilText('early');
    assert.match(client.text, /^HTTP\/1\.1 101 [\s\S]*\r\n\r\nearly$/);
  });
});

test('a server that does not switch answers, and what follows is a request', async () => {
  await withBed(answering(ok('no')), {}, async (bed) => {
    const client = await bed.connect();
    client.send(`${ASK}GET /next HTTP/1.1\r\nHost: x\r\n\r\n`);
    await client.until(() => statuses(client.text).length === 2, 'both');
    assert.equal(client.text, ok('no') + ok('no'));
  });
});

test('each side ends by itself: the other may still speak', async () => {
  const script = (peer: Peer): void => {
    peer.socket.once('data', () => {
      peer.send(`${SWITCH}bye`);
      peer.socket.end();
    });
  };
  await withBed(script, {}, async (bed) => {
    const client = await bed.connect();
    client.send(ASK);
    await client.untilClosed();
    assert.match(client.text, /bye$/);
    client.send('one more thing');
    client.socket.end();
    const server = bed.accepted[0] as Peer;
    await server.untilClosed();
    assert.match(server.text, /one more thing$/);
    await bed.untilEmpty();
    assert.deepEqual(bed.endings, ['101 complete']);
  });
});

test('a client that ends first still hears the server out', async () => {
  const script = (peer: Peer): void => {
    peer.socket.once('data', () => peer.send(SWITCH));
    peer.socket.on('end', () => {
      peer.send('x'.repeat(500_000));
      peer.socket.end('last');
    });
  };
  await withBed(script, {}, async (bed) => {
    const client = await bed.connect();
    client.send(ASK);
    await client.untilText('\r\n\r\n');
    client.socket.end();
    await client.untilClosed();
    assert.match(client.text, /xlast$/);
    assert.ok(client.text.length > 500_000);
  });
});

test('a tunnel that breaks on one side breaks on the other', async () => {
  await withBed(echo, {}, async (bed) => {
    const first = await bed.connect();
    first.send(ASK);
    await first.untilText('\r\n\r\n');
    bed.accepted[0]?.socket.resetAndDestroy();
    await first.until(() => first.closed, 'the break');
    assert.equal(first.error, 'ECONNRESET');
    const second = await bed.connect();
    second.send(ASK);
    await second.untilText('\r\n\r\n');
    second.socket.resetAndDestroy();
    await bed.accepted[1]?.until(() => bed.accepted[1]?.ended === true);
    await bed.untilEmpty();
    assert.deepEqual(bed.endings, ['101 response-aborted', '101 client-aborted']);
    assert.deepEqual(bed.outcomes, ['truncated', 'abandoned']);
  });
});

test('a tunnel without a byte either way ends, one with bytes does not', async () => {
  await withBed(echo, { limits: { tunnelIdleMs: 10_000, idleMs: 1_000 } }, async (bed) => {
    const quiet = await bed.connect();
    const lively = await bed.connect();
    for (const client of [quiet, lively]) {
      client.send(ASK);
      await client.untilText('\r\n\r\n');
    }
    for (let i = 0; i < 7; i++) {
      const length = lively.receivedBytes;
      lively.send('ping');
      await lively.until(() => lively.receivedBytes > length, 'the echo');
      await bed.pass(2_000);
    }
    await quiet.untilClosed();
    assert.equal(lively.ended || lively.closed, false);
    assert.deepEqual(bed.endings, ['101 tunnel-idle']);
  });
});

test('a tunnel that has ended on one side does not wait for the other forever', async () => {
  const script = (peer: Peer): void => {
    peer.socket.once('data', () => peer.send(SWITCH));
  };
  await withBed(script, { limits: { tunnelIdleMs: 600_000, idleMs: 5_000 } }, async (bed) => {
    const client = await bed.connect();
    client.send(ASK);
    await client.untilText('\r\n\r\n');
    client.socket.end();
    await bed.accepted[0]?.untilClosed();
    await bed.pass(7_000);
    await client.untilClosed();
    assert.deepEqual(bed.endings, ['101 tunnel-idle']);
  });
});

test('memory of a tunnel whose reader is slow is bounded', async () => {
  await withBed(echo, {}, async (bed) => {
    const client = await bed.connect();
    client.send(ASK);
    await client.untilText('\r\n\r\n');
    client.socket.pause();
    client.send(Buffer.alloc(60_000_000, 'x'));
    await bed.pass(4_000);
    assert.ok(client.socket.writableLength > 0, 'the client is not read on');
    const { bufferedBytes } = bed.http.listener.stats();
    assert.ok(bufferedBytes < 1_000_000, `${bufferedBytes} wait`);
  });
});

const refused = [
  [
    'to HTTP/2',
    'Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\n',
  ],
  ['to HTTP/2 among others', 'Upgrade: websocket, h2c\r\nConnection: Upgrade\r\n'],
  ['to TLS', 'Upgrade: TLS/1.3\r\nConnection: Upgrade\r\n'],
  [
    'of a request with a body',
    'Upgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 2\r\n',
  ],
  ['that Connection does not name', 'Upgrade: websocket\r\n'],
] as const;

for (const [name, fields] of refused) {
  test(`an upgrade ${name} is left out`, async () => {
    await withBed(answering(ok('well')), {}, async (bed) => {
      const body = fields.includes('Length') ? 'ab' : '';
      const client = await bed.connect();
      client.send(`GET / HTTP/1.1\r\nHost: x\r\n${fields}\r\n${body}`);
      await client.untilText('well');
      const sent = bed.accepted[0]?.text ?? '';
      assert.ok(!/upgrade|http2/i.test(sent), sent);
    });
  });
}

test('CONNECT is a tunnel where it is offered', async () => {
  const script = (peer: Peer): void => {
    peer.socket.once('data', () => {
      peer.send('HTTP/1.1 200 Fine\r\nContent-Length: 5\r\n\r\n');
      peer.socket.on('data', (chunk: Buffer) => peer.socket.write(chunk));
      peer.socket.on('end', () => peer.socket.end());
    });
  };
  await withBed(script, { allowConnect: true }, async (bed) => {
    const client = await bed.connect();
    client.send('CONNECT a.test:1 HTTP/1.1\r\nHost: a.test:1\r\n\r\n');
    await client.untilText('\r\n\r\n');
    assert.ok(!client.text.includes('Content-Length'));
    client.send('through');
    await client.untilText('through');
    client.socket.end();
    await client.untilClosed();
  });
});

function hash(bytes: Buffer): string {
  return createHash('sha1').update(bytes).digest('hex');
}
