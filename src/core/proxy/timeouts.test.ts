/** Every limit of time of a proxied request: what ends, what both sides see, and what is counted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answering, type Bed, ok, statuses, withBed } from '../../../tests/support/http-bed.ts';
import type { EndingReason } from '../downstream/index.ts';

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const POST = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n';
const silent = answering('', true);

async function untilCounted(bed: Bed, reason: EndingReason): Promise<void> {
  for (const { socket } of bed.clients) socket.destroy();
  await bed.untilEmpty();
  assert.equal(bed.http.listener.endings.of(reason), 1, reason);
}

test('a client that says nothing is let go without a word', async () => {
  await withBed(silent, { limits: { headMs: 5_000 } }, async (bed) => {
    const client = await bed.connect();
    await bed.pass(3_000);
    assert.equal(client.ended, false);
    await bed.pass(4_000);
    await client.untilClosed();
    assert.equal(client.text, '');
    assert.deepEqual(bed.endings, []);
    await untilCounted(bed, 'head-timeout');
  });
});

test('a head that comes a byte a second has the time of one head', async () => {
  await withBed(silent, { limits: { headMs: 5_000 } }, async (bed) => {
    const client = await bed.connect();
    for (const byte of GET.slice(0, 12)) {
      client.send(byte);
      await bed.pass(1_000);
    }
    await client.untilClosed();
    assert.deepEqual(statuses(client.text), ['408']);
    assert.deepEqual(bed.endings, ['408 head-timeout']);
    assert.equal(bed.accepted.length, 0);
    await untilCounted(bed, 'head-timeout');
  });
});

test('the time of a head behind a request counts from its first byte', async () => {
  const limits = { headMs: 5_000, idleMs: 20_000 };
  await withBed(answering(ok('')), { limits }, async (bed) => {
    const client = await bed.connect();
    client.send(GET);
    await client.untilText('200');
    await bed.pass(15_000);
    client.send('GET /');
    await bed.pass(3_000);
    client.send(GET.slice(5));
    await client.until(() => statuses(client.text).length === 2, 'the second');
    client.send('GET /');
    await bed.pass(8_000);
    await client.untilClosed();
    assert.deepEqual(statuses(client.text), ['200', '200', '408']);
    await untilCounted(bed, 'head-timeout');
  });
});

test('a connection between two requests is kept for a while', async () => {
  await withBed(answering(ok('')), { limits: { idleMs: 20_000 } }, async (bed) => {
    const client = await bed.connect();
    client.send(GET);
    await client.untilText('200');
    await bed.pass(18_000);
    assert.equal(client.ended, false);
    await bed.pass(5_000);
    await client.untilClosed();
    assert.deepEqual(statuses(client.text), ['200']);
    await untilCounted(bed, 'idle-timeout');
  });
});

test('a body that stops coming is given up, at the server too', async () => {
  await withBed(silent, { limits: { bodyStallMs: 5_000 } }, async (bed) => {
    const client = await bed.connect();
    client.send(`${POST}123`);
    await client.until(() => bed.accepted[0]?.text.endsWith('123') ?? false);
    await bed.pass(3_000);
    client.send('4');
    await bed.pass(4_000);
    assert.equal(client.text, '');
    await bed.pass(4_000);
    await client.untilClosed();
    assert.deepEqual(statuses(client.text), ['408']);
    await bed.accepted[0]?.untilClosed();
    assert.deepEqual(bed.endings, ['408 body-timeout']);
    assert.deepEqual(bed.outcomes, ['abandoned']);
    await untilCounted(bed, 'body-timeout');
  });
});

test('a client that takes nothing of its response is let go, and its server is not read on', async () => {
  const script = answering((_head, peer) => {
    peer.send('HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n');
    const piece = Buffer.alloc(1_000_000, 'x');
    for (let i = 0; i < 100; i++) peer.send(piece);
    return '';
  });
  await withBed(script, { limits: { sendStallMs: 5_000 } }, async (bed) => {
    const client = await bed.connect();
    client.socket.pause();
    client.send(GET);
    await bed.pass(3_000);
    const { bufferedBytes } = bed.http.listener.stats();
    assert.ok(bufferedBytes > 0 && bufferedBytes < 1_000_000, `${bufferedBytes} wait`);
    await bed.pass(6_000);
    assert.deepEqual(bed.endings, ['200 send-timeout']);
    assert.deepEqual(bed.outcomes, ['abandoned']);
    await bed.accepted[0]?.untilClosed();
    await untilCounted(bed, 'send-timeout');
  });
});

test('a client that takes its response slowly gets all of it', async () => {
  const bytes = 20_000_000;
  const piece = Buffer.alloc(1_000_000, 'x');
  const script = answering((_head, peer) => {
    peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes}\r\n\r\n`);
    for (let i = 0; i < bytes; i += piece.length) peer.send(piece);
    return '';
  });
  await withBed(script, { limits: { sendStallMs: 5_000 } }, async (bed) => {
    const client = await bed.connect();
    const { socket } = client;
    socket.removeAllListeners('data');
    let got = 0;
    socket.on('data', (chunk: Buffer) => {
      got += chunk.length;
    });
    socket.pause();
    client.send(GET);
    for (let i = 0; i < 5; i++) {
      await bed.pass(3_000);
      // More than the kernel holds for a reader, so that we see that something is taken.
      const until = Math.min(got + 4_000_000, bytes);
      socket.resume();
      await client.until(() => got >= until, 'some more');
      socket.pause();
    }
    socket.resume();
    await client.until(() => got > bytes, 'all');
    assert.deepEqual(bed.endings, ['200 complete']);
  });
});

test('a request has a time as a whole', async () => {
  await withBed(silent, { limits: { requestMs: 5_000 } }, async (bed) => {
    const client = await bed.connect();
    client.send(GET);
    await bed.pass(7_000);
    await client.untilClosed();
    assert.deepEqual(statuses(client.text), ['504']);
    assert.deepEqual(bed.endings, ['504 request-timeout']);
    await bed.accepted[0]?.untilClosed();
    await untilCounted(bed, 'request-timeout');
  });
});

test('a request whose response has begun breaks off when its time is over', async () => {
  const script = answering('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n123');
  await withBed(script, { limits: { requestMs: 5_000 } }, async (bed) => {
    const client = await bed.connect();
    client.send(GET);
    await client.untilText('123');
    await bed.pass(7_000);
    await client.untilClosed();
    assert.deepEqual(bed.endings, ['200 request-timeout']);
    await untilCounted(bed, 'request-timeout');
  });
});

test('a server that never answers', async () => {
  await withBed(silent, { originLimits: { headMs: 5_000 } }, async (bed) => {
    const client = await bed.connect();
    client.send(GET);
    await client.until(() => bed.accepted.length === 1);
    await bed.pass(7_000);
    await client.untilText('504');
    assert.deepEqual(bed.outcomes, ['head-timeout']);
    assert.equal(client.ended, false);
    await bed.accepted[0]?.untilClosed();
  });
});

test('the time to answer begins when the server has the whole request', async () => {
  const script = answering(ok('well'));
  await withBed(script, { originLimits: { headMs: 5_000 } }, async (bed) => {
    const client = await bed.connect();
    client.send(POST);
    for (const byte of '1234567890') {
      await bed.pass(2_000);
      client.send(byte);
    }
    await client.untilText('well');
  });
});

test('a server that stops in the middle of its response', async () => {
  const script = answering('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n123');
  await withBed(script, { originLimits: { bodyStallMs: 5_000 } }, async (bed) => {
    const client = await bed.connect();
    client.send(GET);
    await client.untilText('123');
    await bed.pass(7_000);
    await client.untilClosed();
    assert.deepEqual(bed.outcomes, ['body-timeout']);
    assert.deepEqual(bed.endings, ['200 response-aborted']);
    await untilCounted(bed, 'response-aborted');
  });
});

test('a server that takes nothing of a body, which is then not read on', async () => {
  const limits = { bodyStallMs: 60_000, sendStallMs: 5_000 };
  await withBed(
    (peer) => peer.socket.pause(),
    { originLimits: limits },
    async (bed) => {
      const client = await bed.connect();
      client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50000000\r\n\r\n');
      client.send(Buffer.alloc(50_000_000, 'x'));
      await bed.pass(3_000);
      const { bytesWritten, writableLength } = client.socket;
      assert.ok(writableLength > 0, `${bytesWritten - writableLength} read`);
      await bed.pass(6_000);
      await client.untilText('504');
      assert.deepEqual(bed.outcomes, ['send-timeout']);
    },
  );
});

test('a slow client is no fault of the server', async () => {
  const script = answering(ok('x'.repeat(6_000_000)));
  const originLimits = { bodyStallMs: 5_000, headMs: 5_000 };
  await withBed(script, { originLimits }, async (bed) => {
    const client = await bed.connect();
    client.socket.pause();
    client.send(GET);
    await bed.pass(12_000);
    client.socket.resume();
    await client.until(() => client.receivedBytes > 6_000_000, 'all');
    assert.deepEqual(bed.outcomes, ['well']);
  });
});

test('kept connections are closed after a while, before the server does', async () => {
  await withBed(answering(ok('')), { originLimits: { idleMs: 5_000 } }, async (bed) => {
    const client = await bed.connect();
    client.send(GET);
    await client.untilText('200');
    assert.equal(bed.origin.kept, 1);
    await bed.pass(7_000);
    await bed.accepted[0]?.untilClosed();
    assert.equal(bed.origin.kept, 0);
    client.send(GET);
    await client.until(() => statuses(client.text).length === 2);
    assert.equal(bed.accepted.length, 2);
  });
});

test('a server that can not be connected to in time', async () => {
  // Nothing answers at TEST-NET-1 (RFC 5737); where a network says so at once, that is another failure.
  await withBed(silent, { originLimits: { connectMs: 50 }, host: '192.0.2.1' }, async (bed) => {
    const client = await bed.connect();
    client.send(GET);
    await client.until(() => statuses(client.text).length === 1, 'an answer');
    assert.match(bed.outcomes.join(), /^connect-(timeout|failed|refused)$/);
    assert.match(client.text, /^HTTP\/1\.1 50[24]/);
  });
});

test('requests wait for a connection, so many and so long', async () => {
  const originLimits = { connectionsMax: 1, queueMax: 2, queueMs: 5_000 };
  await withBed(silent, { originLimits }, async (bed) => {
    const clients = [];
    for (let i = 0; i < 4; i++) {
      const client = await bed.connect();
      client.send(GET);
      clients.push(client);
      await client.until(() => bed.forwards.begun === i + 1);
    }
    await clients[3]?.untilText('503');
    assert.match(clients[3]?.text ?? '', /Retry-After: 1\r\n/);
    await bed.pass(7_000);
    await clients[1]?.untilText('503');
    await clients[2]?.untilText('503');
    assert.deepEqual(bed.outcomes, ['queue-full', 'queue-timeout', 'queue-timeout']);
    assert.equal(bed.accepted.length, 1);
  });
});
