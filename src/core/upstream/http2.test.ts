/** HTTP/2 to servers, frame by frame, for clients of HTTP/1: many requests on one connection, and how each can fail. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Bed,
  failureName,
  type Peer,
  statuses,
  withBed,
} from '../../../tests/support/http-bed.ts';
import {
  block,
  F,
  type Frame,
  frame,
  SETTINGS,
  SETTINGS_ACK,
  setting,
  T,
  windowUpdate,
} from '../../../tests/support/http2-frames.ts';
import { bodyAt, found, resets, untilFrame } from '../../../tests/support/http2-peer.ts';

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const CLOSE = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
const CANCEL = 8;
const OK = Buffer.from('88', 'hex');
const FIRST_CONNECTION = (bed: Bed): Peer => bed.accepted[0] as Peer;

/** Says SETTINGS, then whatever it is told for each request that has come whole. */
function server(
  answer: (id: number, peer: Peer) => Buffer | null,
  settings = SETTINGS,
): (peer: Peer) => void {
  return (peer) => {
    const answered = new Set<number>();
    peer.send(Buffer.concat([settings, SETTINGS_ACK]));
    peer.socket.on('data', () => {
      const ended = [T.headers, T.data].flatMap((type) =>
        found(peer, { type, flag: F.endStream }, true),
      );
      for (const { id } of ended) {
        if (answered.has(id)) continue;
        answered.add(id);
        const octets = answer(id, peer);
        if (octets !== null) peer.send(octets);
      }
    });
  };
}

const respond = (id: number, body = 'hello'): Buffer =>
  Buffer.concat([
    frame(T.headers, F.endHeaders, id, OK),
    frame(T.data, F.endStream, id, Buffer.from(body)),
  ]);

test('a request goes with its authority and te, and its response comes in chunks', async () => {
  const script = server((id) => respond(id));
  await withBed(script, { protocol: 'http2' }, async (bed) => {
    const text = await bed.ask(CLOSE);
    assert.match(text, /^HTTP\/1\.1 200 OK\r\n/);
    assert.match(text, /\r\ntransfer-encoding: chunked\r\n/i);
    assert.match(text, /\r\n5\r\nhello\r\n0\r\n\r\n$/);
    const { payload } = found(FIRST_CONNECTION(bed), { type: T.headers }, true)[0] as Frame;
    assert.ok(payload.includes('trailers'));
    assert.ok(!payload.includes('connection'));
    assert.deepEqual(bed.outcomes, ['well']);
  });
});

test('requests at once share one connection, and more are dialled only when it is full', async () => {
  const held: [number, Peer][] = [];
  const script = server(
    (id, peer) => {
      held.push([id, peer]);
      return null;
    },
    setting(3, 2),
  );
  await withBed(script, { protocol: 'http2' }, async (bed) => {
    const first = await bed.connect();
    first.send(GET);
    await first.until(() => held.length === 1);
    const others = await Promise.all(Array.from({ length: 4 }, () => bed.connect()));
    for (const other of others) {
      other.send(GET);
      await other.until(() => held.length === others.indexOf(other) + 2);
    }
    assert.equal(bed.accepted.length, 3);
    assert.equal(bed.origin.active, 3);
    for (const [id, peer] of held) peer.send(respond(id));
    for (const client of [first, ...others]) await client.untilText('hello');
    assert.equal(bed.origin.kept, 3);
  });
});

test('a body is sent as the windows of the server allow', async () => {
  const script = server((id) => respond(id), setting(4, 4));
  await withBed(script, { protocol: 'http2' }, async (bed) => {
    const warm = await bed.ask(CLOSE);
    assert.match(warm, /hello/);
    const client = await bed.connect();
    client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n0123456789');
    const peer = FIRST_CONNECTION(bed);
    await untilFrame(peer, { type: T.data, id: 3 }, 1, true);
    assert.equal(bodyAt(peer, 3, true).toString(), '0123');
    peer.send(windowUpdate(3, 100));
    await client.untilText('hello');
    assert.equal(bodyAt(peer, 3, true).toString(), '0123456789');
  });
});

test('trailers are passed on both ways', async () => {
  const trailers = (id: number): Buffer =>
    Buffer.concat([
      frame(T.headers, F.endHeaders, id, OK),
      frame(T.data, 0, id, Buffer.from('abc')),
      frame(T.headers, F.endHeaders | F.endStream, id, block([['x-sum', '7']])),
    ]);
  await withBed(server(trailers), { protocol: 'http2' }, async (bed) => {
    const text = await bed.ask(
      'POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nx-check: good\r\n\r\n',
    );
    assert.match(text, /\r\n3\r\nabc\r\n0\r\nx-sum: 7\r\n\r\n$/);
    const [, sent] = found(FIRST_CONNECTION(bed), { type: T.headers, id: 1 }, true);
    assert.ok(sent?.payload.includes('x-check'));
  });
});

test('a client that reads nothing holds up its own stream only', async () => {
  const LONG = 32 * 1024 * 1024;
  const script = server((id) => (id === 1 ? frame(T.headers, F.endHeaders, id, OK) : respond(id)));
  await withBed(script, { protocol: 'http2' }, async (bed) => {
    const slow = await bed.connect();
    slow.socket.pause();
    slow.send(GET);
    await slow.until(() => bed.accepted.length === 1);
    const peer = FIRST_CONNECTION(bed);
    await untilFrame(peer, { type: T.headers, id: 1 }, 1, true);
    let sent = 0;
    let window = 262_144;
    let grants = 0;
    // As a server that keeps to the window of the stream.
    while (sent < LONG) {
      const left = Math.min(window - sent, 16_384, LONG - sent);
      if (left > 0) {
        peer.send(frame(T.data, 0, 1, left));
        sent += left;
      } else {
        await bed.pass(100);
        const granted = found(peer, { type: T.window, id: 1 }, true);
        if (granted.length === grants) break;
        for (const { payload } of granted.slice(grants)) window += payload.readUInt32BE(0);
        grants = granted.length;
      }
    }
    assert.ok(sent < LONG, 'it is told to wait');
    assert.match(await bed.ask(CLOSE), /hello/);
    assert.equal(bed.accepted.length, 1);
    slow.socket.destroy();
    await untilFrame(peer, { type: T.rst, id: 1 }, 1, true);
    assert.deepEqual(resets(peer, 1, true), [CANCEL]);
  });
});

interface Failure {
  readonly what: string;
  answer(id: number, peer: Peer): Buffer | null;
  readonly failure: Parameters<typeof failureName>[0];
  readonly status: string;
}

const goaway = (lastId: number): Buffer => {
  const payload = Buffer.alloc(8);
  payload.writeUInt32BE(lastId);
  return frame(T.goaway, 0, 0, payload);
};
const rst = (id: number, code: number): Buffer => {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(code);
  return frame(T.rst, 0, id, payload);
};
const head = (id: number): Buffer => frame(T.headers, F.endHeaders, id, OK);

const failures: readonly Failure[] = [
  { what: 'REFUSED_STREAM', answer: (id) => rst(id, 7), failure: 'refusedUnseen', status: '503' },
  {
    what: 'GOAWAY below the stream',
    answer: () => goaway(0),
    failure: 'refusedUnseen',
    status: '503',
  },
  { what: 'a reset', answer: (id) => rst(id, 2), failure: 'reset', status: '502' },
  {
    what: 'a reset behind the head',
    answer: (id) => Buffer.concat([head(id), rst(id, 2)]),
    failure: 'truncated',
    status: '200',
  },
  {
    what: 'the end of the connection',
    answer: (_id, peer) => {
      peer.socket.end();
      return null;
    },
    failure: 'reset',
    status: '502',
  },
  {
    what: 'a broken connection behind the head',
    answer: (id, peer) => {
      peer.socket.write(head(id), () => setTimeout(() => peer.socket.resetAndDestroy(), 20));
      return null;
    },
    failure: 'truncated',
    status: '200',
  },
  {
    what: 'no HTTP/2',
    answer: () => Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
    failure: 'badResponse',
    status: '502',
  },
  {
    what: 'a head that is none',
    answer: (id) => frame(T.headers, F.endHeaders, id, block([['x-no', 'status']])),
    failure: 'badResponse',
    status: '502',
  },
  {
    what: 'a body that is longer than it said',
    answer: (id) =>
      Buffer.concat([
        frame(T.headers, F.endHeaders, id, Buffer.concat([OK, block([['content-length', '3']])])),
        frame(T.data, F.endStream, id, Buffer.from('four')),
      ]),
    failure: 'badResponse',
    status: '200',
  },
];

for (const { what, answer, failure, status } of failures) {
  test(`${what} is ${failureName(failure)}, and the next request is well`, async () => {
    let bad = true;
    const script = server((id, peer) => (bad ? answer(id, peer) : respond(id)));
    await withBed(script, { protocol: 'http2' }, async (bed) => {
      const text = await bed.ask(CLOSE);
      assert.deepEqual(bed.outcomes, [failureName(failure)]);
      if (status === '200') assert.ok(!text.endsWith('0\r\n\r\n'), 'it is not taken for whole');
      else assert.deepEqual(statuses(text), [status]);
      bad = false;
      assert.match(await bed.ask(CLOSE), /hello/);
    });
  });
}

test('what a server has not looked at is sent again', async () => {
  const script = (peer: Peer): void =>
    server((id) => (peer.index === 0 ? goaway(0) : respond(id)))(peer);
  await withBed(script, { protocol: 'http2', attempts: 2 }, async (bed) => {
    assert.match(await bed.ask(CLOSE), /hello/);
    assert.deepEqual(bed.outcomes, [failureName('refusedUnseen'), 'well']);
    await bed.clients[0]?.until(() => FIRST_CONNECTION(bed).ended || FIRST_CONNECTION(bed).closed);
  });
});

test('behind a GOAWAY requests under way come to their end, and others go elsewhere', async () => {
  const script = server((id, peer) => {
    if (peer.index > 0) return respond(id);
    return Buffer.concat([head(id), goaway(id)]);
  });
  await withBed(script, { protocol: 'http2' }, async (bed) => {
    const client = await bed.connect();
    client.send(GET);
    await client.untilText('200 OK');
    assert.match(await bed.ask(CLOSE), /hello/);
    assert.equal(bed.accepted.length, 2);
    const first = FIRST_CONNECTION(bed);
    first.send(frame(T.data, F.endStream, 1, Buffer.from('late')));
    await client.untilText('late');
    await first.untilClosed();
    first.socket.destroy();
  });
});

test('a kept connection that ends before it was seen to be used is reported as that', async () => {
  const script = server((id, peer) => {
    if (id === 1) return respond(id);
    peer.socket.resetAndDestroy();
    return null;
  });
  await withBed(script, { protocol: 'http2' }, async (bed) => {
    await bed.ask(CLOSE);
    assert.deepEqual(statuses(await bed.ask(CLOSE)), ['502']);
    assert.deepEqual(bed.outcomes, ['well', failureName('resetUnused')]);
  });
});

const slow: readonly [
  string,
  Parameters<typeof failureName>[0],
  (id: number) => Buffer | null,
  string,
  number,
][] = [
  ['no head', 'headTimeout', () => frame(T.ping, 0, 0, 8), GET, 60_000],
  ['no more of a body', 'bodyTimeout', (id) => head(id), GET, 60_000],
];

for (const [what, failure, answer, request, ms] of slow) {
  test(`${what} in time is ${failureName(failure)}`, async () => {
    const script = server((id, peer) => {
      // Answers to PING come all the same.
      peer.socket.on('data', () => answerPings(peer));
      return answer(id);
    });
    await withBed(script, { protocol: 'http2' }, async (bed) => {
      const client = await bed.connect();
      client.send(request);
      await client.until(() => bed.accepted[0] !== undefined);
      await untilFrame(FIRST_CONNECTION(bed), { type: T.headers }, 1, true);
      await bed.pass(ms / 2);
      assert.deepEqual(bed.outcomes, []);
      await bed.pass(ms / 2 + 2000);
      await client.until(() => bed.outcomes.length === 1);
      assert.deepEqual(bed.outcomes, [failureName(failure)]);
      assert.deepEqual(resets(FIRST_CONNECTION(bed), 1, true), [CANCEL]);
    });
  });
}

const ponged = new WeakMap<Peer, number>();

function answerPings(peer: Peer): void {
  const pings = found(peer, { type: T.ping }, true).filter(({ flags }) => flags === 0);
  for (const { payload } of pings.slice(ponged.get(peer) ?? 0))
    peer.send(frame(T.ping, F.ack, 0, payload));
  ponged.set(peer, pings.length);
}

test('a window that stays shut is a timeout of sending', async () => {
  await withBed(server(respondLate, setting(4, 0)), { protocol: 'http2' }, async (bed) => {
    await bed.ask(CLOSE);
    const client = await bed.connect();
    client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n0123456789');
    const peer = FIRST_CONNECTION(bed);
    await untilFrame(peer, { type: T.headers, id: 3 }, 1, true);
    peer.socket.on('data', () => answerPings(peer));
    await bed.pass(63_000);
    await client.until(() => bed.outcomes.length === 2);
    assert.deepEqual(bed.outcomes, ['well', failureName('sendTimeout')]);
  });
});

function respondLate(id: number): Buffer {
  return respond(id);
}

test('a server that does not answer a PING is lost, with all that it was asked', async () => {
  await withBed(
    server(() => null),
    { protocol: 'http2' },
    async (bed) => {
      const clients = [await bed.connect(), await bed.connect()];
      for (const client of clients) client.send(GET);
      await clients[0]?.until(() => bed.accepted.length > 0);
      await untilFrame(FIRST_CONNECTION(bed), { type: T.headers }, 2, true);
      await bed.pass(24_000);
      for (const client of clients) await client.untilText('504');
      assert.deepEqual(bed.outcomes, [failureName('lost'), failureName('lost')]);
    },
  );
});

test('a server that answers PINGs and says nothing else is asked rarely', async () => {
  await withBed(
    server(() => null),
    { protocol: 'http2', originLimits: { headMs: 0 } },
    async (bed) => {
      const client = await bed.connect();
      client.send(GET);
      await client.until(() => bed.accepted.length > 0);
      const peer = FIRST_CONNECTION(bed);
      await untilFrame(peer, { type: T.headers }, 1, true);
      peer.socket.on('data', () => answerPings(peer));
      await bed.pass(300_000);
      assert.equal(found(peer, { type: T.ping }, true).length, 1);
      assert.deepEqual(bed.outcomes, []);
      client.socket.resetAndDestroy();
    },
  );
});

test('a connection that nobody uses is closed after its time', async () => {
  await withBed(
    server((id) => respond(id)),
    { protocol: 'http2' },
    async (bed) => {
      await bed.ask(CLOSE);
      assert.equal(bed.origin.kept, 1);
      await bed.pass(31_000);
      assert.equal(bed.origin.kept, 0);
      await FIRST_CONNECTION(bed).untilClosed();
    },
  );
});

test('drained, an origin lets requests come to their end and closes behind them', async () => {
  await withBed(
    server((id) => head(id)),
    { protocol: 'http2' },
    async (bed) => {
      const client = await bed.connect();
      client.send(GET);
      await client.untilText('200 OK');
      bed.origin.drain();
      assert.deepEqual(statuses(await bed.ask(CLOSE)), ['503']);
      FIRST_CONNECTION(bed).send(frame(T.data, F.endStream, 1, Buffer.from('late')));
      await client.untilText('late');
      await FIRST_CONNECTION(bed).untilClosed();
      assert.equal(bed.origin.active, 0);
    },
  );
});
