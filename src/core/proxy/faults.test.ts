/** Servers that die, lie, repeat themselves or talk nonsense: the client is told the truth, others are unharmed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answering, ok, type Peer, statuses, withBed } from '../../../tests/support/http-bed.ts';

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const OLD = 'GET / HTTP/1.0\r\nHost: x\r\n\r\n';
const LENGTH_10 = 'HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 10\r\n\r\n';
const CHUNKED = 'HTTP/1.1 200 OK\r\nDate: now\r\nTransfer-Encoding: chunked\r\n\r\n';
const UNTIL_CLOSE = 'HTTP/1.1 200 OK\r\nDate: now\r\n\r\n';

type Fault = readonly [
  name: string,
  server: (peer: Peer) => void,
  /** What the client gets, its status first. */
  status: string,
  outcome: string,
  /** The client's connection is cut. */
  cut: boolean,
];

const reset = (peer: Peer): void => void peer.socket.resetAndDestroy();
const end = (peer: Peer): void => void peer.socket.end();
const say = (text: string) => (peer: Peer) => peer.send(text);
const sayAnd = (text: string, then: (peer: Peer) => void) => (peer: Peer) => {
  peer.socket.write(Buffer.from(text, 'latin1'), () => setTimeout(then, 20, peer));
};

const faults: readonly Fault[] = [
  ['resets before its head', reset, '502', 'reset', false],
  ['ends before its head', end, '502', 'closed-early', false],
  ['resets in its head', sayAnd('HTTP/1.1 200 O', reset), '502', 'reset', false],
  ['ends in its head', sayAnd('HTTP/1.1 200 OK\r\nA: b\r\n', end), '502', 'closed-early', false],
  ['resets behind its head', sayAnd(LENGTH_10, reset), '200', 'truncated', true],
  ['ends in its body', sayAnd(`${LENGTH_10}123`, end), '200', 'truncated', true],
  ['ends in its chunks', sayAnd(`${CHUNKED}5\r\n12`, end), '200', 'truncated', true],
  ['ends before its last chunk', sayAnd(`${CHUNKED}1\r\n1\r\n`, end), '200', 'truncated', true],
  ['ends in its trailers', sayAnd(`${CHUNKED}0\r\nA: b\r\n`, end), '200', 'truncated', true],
  ['resets where its end is the end', sayAnd(`${UNTIL_CLOSE}1`, reset), '200', 'truncated', true],
  ['says something else', say('220 mail.test ESMTP\r\n'), '502', 'bad-response', false],
  ['says HTTP/2', say('\0\0\0\x04\0\0\0\0\0'), '502', 'bad-response', false],
  ['has a bare LF', say('HTTP/1.1 200 OK\nA: b\n\n'), '502', 'bad-response', false],
  ['folds a field', say('HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n'), '502', 'bad-response', false],
  [
    'has two lengths',
    say(`${LENGTH_10.slice(0, -2)}Content-Length: 9\r\n\r\n`),
    '502',
    'bad-response',
    false,
  ],
  [
    'has a length and chunks',
    say(`${CHUNKED.slice(0, -2)}Content-Length: 9\r\n\r\n`),
    '502',
    'bad-response',
    false,
  ],
  ['has status 99', say('HTTP/1.1 099 Low\r\n\r\n'), '502', 'bad-response', false],
  [
    'switches protocols unasked',
    say('HTTP/1.1 101 Go\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
    '502',
    'bad-response',
    false,
  ],
  [
    'has a huge head',
    say(`HTTP/1.1 200 OK\r\nA: ${'x'.repeat(70_000)}`),
    '502',
    'bad-response',
    false,
  ],
  ['has a bad chunk size', say(`${CHUNKED}zz\r\n`), '200', 'bad-response', true],
  [
    'has a chunk that is longer',
    say(`${CHUNKED}2\r\nabc\r\n0\r\n\r\n`),
    '200',
    'bad-response',
    true,
  ],
  [
    'has a length among its trailers',
    say(`${CHUNKED}0\r\nContent-Length: 3\r\n\r\n`),
    '200',
    'bad-response',
    true,
  ],
  [
    'never ends its announcements',
    say('HTTP/1.1 103 Early\r\n\r\n'.repeat(50)),
    '502',
    'bad-response',
    false,
  ],
];

for (const [name, server, status, outcome, cut] of faults) {
  test(`a server that ${name}`, async () => {
    const script = answering((request, peer) => {
      if (request.startsWith('GET /well')) return ok('well');
      server(peer);
      return '';
    });
    await withBed(script, {}, async (bed) => {
      const other = await bed.connect();
      const client = await bed.connect();
      client.send(GET);
      await client.until(() => bed.outcomes.length === 1, 'an outcome');
      assert.deepEqual(bed.outcomes, [outcome]);
      if (cut) await client.untilClosed();
      const final = (text: string): string[] => statuses(text).filter((each) => each >= '200');
      await client.until(() => final(client.text).length === 1, 'a status');
      assert.deepEqual(final(client.text), [status]);
      assert.ok(!/\n0\r\n\r\n/.test(client.text), 'the response looks whole');
      assert.equal(client.ended || client.closed, cut);
      // The one that was cut can not be used, the others can.
      for (const each of cut ? [other] : [other, client]) {
        each.send('GET /well HTTP/1.1\r\nHost: x\r\n\r\n');
        await each.untilText('well');
      }
      await bed.accepted[0]?.untilClosed();
    });
  });
}

test('a response whose end is its connection’s breaks with a reset when its server breaks', async () => {
  const script = answering((_request, peer) => {
    sayAnd(`${UNTIL_CLOSE}123`, reset)(peer);
    return '';
  });
  await withBed(script, {}, async (bed) => {
    const client = await bed.connect();
    client.send(OLD);
    await client.until(() => client.closed, 'the reset');
    assert.equal(client.error, 'ECONNRESET');
    assert.deepEqual(bed.endings, ['200 response-aborted']);
  });
});

test('a server that answers twice answers once', async () => {
  const script = answering((request) =>
    request.includes('/next') ? ok('next') : `${ok('one')}${ok('evil')}`,
  );
  await withBed(script, {}, async (bed) => {
    const client = await bed.connect();
    client.send(`${GET}GET /next HTTP/1.1\r\nHost: x\r\n\r\n`);
    await client.untilText('next');
    assert.equal(client.text, ok('one') + ok('next'));
    assert.equal(bed.accepted.length, 2);
  });
});

test('a server that says something unasked is not asked again', async () => {
  await withBed(answering(ok('')), {}, async (bed) => {
    const client = await bed.connect();
    client.send(GET);
    await client.untilText('200');
    bed.accepted[0]?.send(ok('evil'));
    await bed.accepted[0]?.untilClosed();
    client.send(GET);
    await client.until(() => statuses(client.text).length === 2, 'the second');
    assert.equal(client.text, ok('') + ok(''));
  });
});

test('a kept connection that the server closes as it is used is tried anew', async () => {
  let requests = 0;
  const script = answering((_request, peer) => {
    if (++requests !== 2) return ok('');
    peer.socket.end();
    return '';
  });
  await withBed(script, { attempts: 2 }, async (bed) => {
    const client = await bed.connect();
    for (let i = 1; i <= 2; i++) {
      client.send(GET);
      await client.until(() => statuses(client.text).length === i, 'an answer');
    }
    assert.deepEqual(statuses(client.text), ['200', '200']);
    assert.deepEqual(bed.outcomes, ['well', 'reset-unused', 'well']);
  });
});

test('a body that was kept is sent again, whole, and one that was not is not', async () => {
  const script = answering((_request, peer) => {
    if (peer.index > 0) return ok('well');
    peer.socket.resetAndDestroy();
    return '';
  });
  for (const bytes of [100, 5000]) {
    await withBed(script, { attempts: 2, replayBytes: 1000 }, async (bed) => {
      const client = await bed.connect();
      const body = 'b'.repeat(bytes);
      await client.sendInPieces([
        `POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`,
        `${(bytes / 2).toString(16)}\r\n${body.slice(bytes / 2)}\r\n`,
        `${(bytes / 2).toString(16)}\r\n${body.slice(bytes / 2)}\r\n0\r\n\r\n`,
      ]);
      await client.until(() => statuses(client.text).length === 1, 'an answer');
      assert.deepEqual(statuses(client.text), [bytes === 100 ? '200' : '502']);
      if (bytes !== 100) return;
      const chunks = [...(bed.accepted[1]?.text ?? '').matchAll(/\r\n(b+)/g)];
      assert.equal(chunks.map((match) => match[1]).join(''), body);
    });
  }
});

test('a response that says try again is not passed on while there is another try', async () => {
  const script = answering((_request, peer) =>
    peer.index === 0
      ? 'HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbusy'
      : ok('well'),
  );
  await withBed(script, { attempts: 2, replayBytes: 100 }, async (bed) => {
    const text = await bed.ask(
      'POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc',
    );
    assert.match(text, /^HTTP\/1\.1 200 OK\r\n[\s\S]*well$/);
    assert.match(bed.accepted[1]?.text ?? '', /\r\n\r\nabc$/);
  });
});

test('a client that leaves takes its request along, wherever it is', async () => {
  const script = answering((request, peer) => {
    if (request.includes('/body')) peer.send(`${LENGTH_10}12`);
    return '';
  });
  await withBed(script, { originLimits: { connectionsMax: 2 } }, async (bed) => {
    for (const path of ['/silent', '/body', '/queued']) {
      const client = await bed.connect();
      client.send(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
      await client.until(() => bed.forwards.begun === bed.clients.length);
    }
    await bed.clients[1]?.untilText('12');
    for (const { socket } of bed.clients) socket.resetAndDestroy();
    await bed.untilEmpty();
    assert.deepEqual(bed.outcomes, ['abandoned', 'abandoned', 'abandoned']);
    for (const peer of bed.accepted) await peer.untilClosed();
  });
});
