/** HTTP/2 from clients, frame by frame, before a server of HTTP/1: streams, windows, times, the end of it all. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  answering,
  type Bed,
  ok,
  type Peer,
  statuses,
  withBed,
} from '../../../../tests/support/http-bed.ts';
import {
  block,
  F,
  frame,
  GET,
  get,
  HELLO,
  POST,
  post,
  SETTINGS_ACK,
  setting,
  T,
  windowUpdate,
} from '../../../../tests/support/http2-frames.ts';
import {
  bodyAt,
  found,
  goaways,
  resets,
  untilFrame,
} from '../../../../tests/support/http2-peer.ts';
import { answer, type BodySink, type Exchange } from '../../http/index.ts';
import { HTTP2_PREFACE } from '../../wire/index.ts';

const NO_ERROR = 0;
const INTERNAL_ERROR = 2;
const CALM = 11;
const END = { type: T.data, flag: F.endStream };

async function open(bed: Bed, ...more: Buffer[]): Promise<Peer> {
  const client = await bed.connect();
  client.send(Buffer.concat([HELLO, ...more]));
  return client;
}

/** The status of a response, from the first octet of its head where the static table has it, else its digits. */
function statusOf(client: Peer, id: number): number {
  const { payload } = found(client, { type: T.headers, id })[0] ?? assert.fail('no head');
  const known: Record<number, number> = { 136: 200, 141: 404, 140: 400, 142: 500 };
  const first = payload[0] as number;
  return known[first] ?? Number(payload.toString('latin1', 2, 5));
}

test('a request is forwarded to a server of HTTP/1, its host and cookies as that wants them', async () => {
  await withBed(answering(ok('hello')), {}, async (bed) => {
    const head = Buffer.concat([
      GET,
      block([
        ['cookie', 'a=b'],
        ['cookie', 'c=d'],
        ['x-one', 'two'],
      ]),
    ]);
    const client = await open(bed, frame(T.headers, F.endHeaders | F.endStream, 1, head));
    await untilFrame(client, { ...END, id: 1 });
    assert.equal(statusOf(client, 1), 200);
    assert.equal(bodyAt(client, 1).toString(), 'hello');
    const { text } = bed.accepted[0] as Peer;
    assert.match(text, /^GET \/ HTTP\/1\.1\r\n/);
    assert.match(text, /\r\nhost: a\.example\r\n/i);
    assert.match(text, /\r\ncookie: a=b; c=d\r\n/i);
    assert.match(text, /\r\nx-one: two\r\n/);
    assert.doesNotMatch(text, /transfer-encoding|connection:/i);
  });
});

test('the preface is known byte by byte, and what only begins like it is HTTP/1', async () => {
  await withBed(answering(ok('hello')), {}, async (bed) => {
    const slow = await bed.connect();
    await slow.sendInPieces(
      [...Buffer.concat([HELLO, get(1)])].map((octet) => Buffer.from([octet])),
    );
    await untilFrame(slow, { ...END, id: 1 });
    assert.equal(bodyAt(slow, 1).toString(), 'hello');
    const other = await bed.connect();
    await other.sendInPieces(['PR', 'INT / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n']);
    await other.untilClosed();
    assert.match(other.text, /^HTTP\/1\.1 200 /);
  });
});

test('a listener that does not allow it takes the preface for what it is in HTTP/1', async () => {
  await withBed(answering(ok('')), {}, async (bed) => {
    bed.http.server.http2Cleartext = false;
    assert.deepEqual(statuses(await bed.ask(HTTP2_PREFACE)), ['505']);
  });
});

test('many requests of one read are answered in one write, each on its stream', async () => {
  const handler = () => (exchange: Exchange) =>
    answer(exchange, { status: 200, body: Buffer.from(exchange.request.path()) });
  await withBed(
    () => {},
    { handler },
    async (bed) => {
      const client = await open(bed, ...[1, 3, 5, 7, 9].map(get));
      let reads = 0;
      client.socket.on('data', () => reads++);
      await untilFrame(client, END, 5);
      assert.equal(reads, 1);
    },
  );
});

test('a body is forwarded with its trailers, both ways', async () => {
  const response =
    'HTTP/1.1 200 OK\r\nDate: now\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx-sum: 7\r\n\r\n';
  const script = (peer: Peer): void => {
    peer.socket.on('data', () => {
      if (peer.text.includes('x-check')) peer.send(response);
    });
  };
  await withBed(script, {}, async (bed) => {
    const client = await open(
      bed,
      post(1),
      frame(T.data, 0, 1, Buffer.from('12345')),
      frame(T.headers, F.endHeaders | F.endStream, 1, block([['x-check', 'good']])),
    );
    await untilFrame(client, { type: T.headers, id: 1, flag: F.endStream });
    assert.equal(bodyAt(client, 1).toString(), 'abc');
    const [, trailers] = found(client, { type: T.headers, id: 1 });
    assert.ok(trailers?.payload.includes('x-sum'));
    const { text } = bed.accepted[0] as Peer;
    assert.match(text, /\r\n\r\n5\r\n12345\r\n0\r\nx-check: good\r\n\r\n$/);
  });
});

test('the window of a stream opens only as the body is taken', async () => {
  let exchange: Exchange | undefined;
  let got = 0;
  let more = false;
  const sink: BodySink = {
    data: (bytes) => {
      got += bytes.length;
      return more;
    },
    end: () => answer(exchange as Exchange, { status: 200, says: 'well' }),
    flush: () => {},
    abort: () => {},
  };
  const handler = () => (each: Exchange) => {
    exchange = each;
    each.receive(sink);
  };
  await withBed(
    () => {},
    { handler },
    async (bed) => {
      const pieces = Array.from({ length: 16 }, () => frame(T.data, 0, 1, 16_384));
      const client = await open(bed, post(1), ...pieces.slice(0, 15));
      await client.sendInPieces(['']);
      await bed.pass(20);
      assert.equal(got, 16_384, 'one piece, and the sink said no');
      assert.equal(found(client, { type: T.window, id: 1 }).length, 0);
      more = true;
      exchange?.resumeBody();
      await untilFrame(client, { type: T.window, id: 1 });
      assert.equal(got, 15 * 16_384);
      client.send(frame(T.data, F.endStream, 1, 16_384));
      await untilFrame(client, { ...END, id: 1 });
      assert.equal(got, 16 * 16_384);
    },
  );
});

test('a response waits for the windows of its stream, and others pass it', async () => {
  const script = answering((request) => ok(request.startsWith('POST') ? 'short' : 'x'.repeat(100)));
  await withBed(script, {}, async (bed) => {
    const client = await bed.connect();
    client.send(Buffer.concat([HTTP2_PREFACE, setting(4, 10), SETTINGS_ACK, get(1)]));
    await untilFrame(client, { type: T.data, id: 1 });
    client.send(Buffer.concat([post(3), frame(T.data, F.endStream, 3)]));
    await untilFrame(client, { ...END, id: 3 });
    assert.equal(bodyAt(client, 1).length, 10);
    client.send(windowUpdate(1, 1000));
    await untilFrame(client, { ...END, id: 1 });
    assert.equal(bodyAt(client, 1).length, 100);
  });
});

test('a client that resets its stream is done with, and so is what was asked for it', async () => {
  await withBed(
    () => {},
    {},
    async (bed) => {
      const client = await open(bed, post(1), frame(T.data, 0, 1, Buffer.from('half')));
      await client.until(() => bed.accepted[0]?.text.endsWith('half\r\n') === true);
      client.send(frame(T.rst, 0, 1, '00000008'));
      await client.until(() => bed.endings.length === 1);
      await client.until(() => (bed.accepted[0] as Peer).closed || (bed.accepted[0] as Peer).ended);
      assert.deepEqual(bed.endings, ['0 client-aborted']);
      assert.deepEqual(bed.outcomes, ['abandoned']);
    },
  );
});

test('a response that its server cuts off breaks its stream and no other one', async () => {
  const script = answering((request, peer) => {
    if (request.includes('x-fail')) {
      setImmediate(() => peer.socket.end());
      return 'HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 10\r\n\r\n12345';
    }
    return ok('whole');
  });
  await withBed(script, {}, async (bed) => {
    const failing = Buffer.concat([GET, block([['x-fail', '1']])]);
    const client = await open(
      bed,
      frame(T.headers, F.endHeaders | F.endStream, 1, failing),
      get(3),
    );
    await untilFrame(client, { type: T.rst, id: 1 });
    await untilFrame(client, { ...END, id: 3 });
    assert.deepEqual(resets(client, 1), [INTERNAL_ERROR]);
    assert.equal(found(client, { ...END, id: 1 }).length, 0);
    assert.deepEqual(bed.endings.sort(), ['200 complete', '200 response-aborted']);
  });
});

test('an answer before the end of the body is whole, and the rest of the body is not wanted', async () => {
  await withBed(answering(ok('early'), true), {}, async (bed) => {
    const client = await open(bed, post(1), frame(T.data, 0, 1, Buffer.from('begun')));
    await untilFrame(client, { ...END, id: 1 });
    assert.equal(bodyAt(client, 1).toString(), 'early');
    // No reset comes along with it: there are clients that forget the answer then.
    client.send(Buffer.concat([...Array<Buffer>(10).fill(frame(T.data, 0, 1, 16_384)), get(3)]));
    await untilFrame(client, { ...END, id: 3 });
    assert.deepEqual(resets(client, 1), []);
    assert.deepEqual(bed.endings, ['200 complete', '200 complete']);
    await bed.pass(3_000);
    await untilFrame(client, { type: T.rst, id: 1 });
    assert.deepEqual(resets(client, 1), [NO_ERROR]);
    // What is not wanted is not asked for.
    assert.deepEqual(found(client, { type: T.window, id: 1 }), []);
    client.send(Buffer.concat([frame(T.data, F.endStream, 1, 100), get(5)]));
    await untilFrame(client, { ...END, id: 5 });
  });
});

test('a client that ends its request behind the answer by itself is not reset', async () => {
  await withBed(answering(ok('early'), true), {}, async (bed) => {
    const client = await open(bed, post(1), frame(T.data, 0, 1, Buffer.from('begun')));
    await untilFrame(client, { ...END, id: 1 });
    client.send(frame(T.data, F.endStream, 1, 100));
    await bed.pass(3_000);
    client.send(get(3));
    await untilFrame(client, { ...END, id: 3 });
    assert.deepEqual(resets(client, 1), []);
    assert.deepEqual(bed.refused, []);
  });
});

const refusals: readonly [
  string,
  Partial<Record<'bodyBytes' | 'targetBytes', number>>,
  Buffer[],
  number,
][] = [
  [
    'a target that is too long',
    { targetBytes: 64 },
    [request([[':path', `/${'x'.repeat(70)}`]])],
    414,
  ],
  [
    'a head that is too large',
    {},
    [
      request([
        [':path', '/'],
        ['x-long', 'y'.repeat(40_000)],
      ]),
    ],
    431,
  ],
  [
    'a body that says it is too long',
    { bodyBytes: 10 },
    [
      request(
        [
          [':path', '/'],
          ['content-length', '11'],
        ],
        0,
      ),
    ],
    413,
  ],
  ['a body that becomes too long', { bodyBytes: 10 }, [post(1), frame(T.data, 0, 1, 11)], 413],
  [
    'CONNECT',
    {},
    [
      frame(
        T.headers,
        F.endHeaders,
        1,
        block([
          [':method', 'CONNECT'],
          [':authority', 'a.example:1'],
        ]),
      ),
    ],
    501,
  ],
];

function request(
  fields: readonly (readonly [string, string])[],
  flag: number = F.endStream,
): Buffer {
  const pseudo = [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':authority', 'a'],
  ] as const;
  const octets = block([...pseudo, ...fields]);
  const pieces: Buffer[] = [];
  for (let at = 0; at < octets.length; at += 16_384) {
    const type = at === 0 ? T.headers : T.continuation;
    const last = at + 16_384 >= octets.length ? F.endHeaders : 0;
    pieces.push(frame(type, last | (at === 0 ? flag : 0), 1, octets.subarray(at, at + 16_384)));
  }
  return Buffer.concat(pieces);
}

/** The problems that a refusal counts, by its status: one each. CONNECT is no problem. */
const COUNTED: Readonly<Record<number, readonly string[]>> = {
  413: ['body-too-large'],
  414: ['target-too-long'],
  431: ['h2-head-too-large'],
};

for (const [what, { bodyBytes = 0, targetBytes = 8192 }, octets, status] of refusals) {
  test(`${what} is answered with ${status}, and the connection goes on`, async () => {
    const limits = { bodyBytes, head: { headBytes: 32_768, fieldsMax: 128, targetBytes } };
    await withBed(answering(ok('x')), { limits }, async (bed) => {
      const client = await open(bed, ...octets);
      await untilFrame(client, { type: T.headers, id: 1 });
      assert.equal(statusOf(client, 1), status);
      client.send(get(3));
      await untilFrame(client, { ...END, id: 3 });
      assert.ok(bed.endings.includes(`${status} refused`));
      assert.deepEqual(bed.refused, COUNTED[status] ?? []);
    });
  });
}

test('a drain says so in two steps and waits for what runs', async () => {
  const held: Exchange[] = [];
  const handler = () => (exchange: Exchange) => void held.push(exchange);
  await withBed(
    () => {},
    { handler },
    async (bed) => {
      const client = await open(bed, get(1));
      await client.until(() => held.length === 1);
      const drained = bed.http.listener.drain(60_000);
      const first = await untilFrame(client, { type: T.goaway });
      assert.equal(first.payload.readUInt32BE(0), 2 ** 31 - 1);
      const ping = await untilFrame(client, { type: T.ping });
      // Sent before the client has seen the first GOAWAY.
      client.send(Buffer.concat([get(3), frame(T.ping, F.ack, 0, ping.payload)]));
      const last = await untilFrame(client, { type: T.goaway }, 2);
      assert.equal(last.payload.readUInt32BE(0), 3);
      assert.equal(client.ended, false);
      for (const exchange of held) answer(exchange, { status: 200 });
      await client.untilClosed();
      client.socket.destroy();
      assert.equal(found(client, END).length, 2);
      assert.equal(await drained, 0);
      assert.deepEqual(bed.http.listener.endings.of('server-drain'), 1);
    },
  );
});

test('a drain does not wait for a client that does not answer', async () => {
  await withBed(answering(ok('')), {}, async (bed) => {
    const client = await open(bed, get(1));
    await untilFrame(client, { type: T.headers, id: 1 });
    const drained = bed.http.listener.drain(60_000);
    await untilFrame(client, { type: T.goaway });
    await bed.pass(4000);
    await client.untilClosed();
    client.socket.destroy();
    assert.equal(await drained, 0);
  });
});

test('behind its last request a connection takes no more', async () => {
  await withBed(answering(ok('x')), { limits: { requestsMax: 2 } }, async (bed) => {
    const client = await open(bed, get(1), get(3));
    await untilFrame(client, END, 2);
    const ping = await untilFrame(client, { type: T.ping });
    client.send(frame(T.ping, F.ack, 0, ping.payload));
    await client.untilClosed();
    assert.deepEqual(goaways(client), [NO_ERROR, NO_ERROR]);
  });
});

test('a client that ends in the middle of a request is let go, whole requests are answered', async () => {
  await withBed(answering(ok('whole')), {}, async (bed) => {
    const client = await open(bed, get(1), post(3), frame(T.data, 0, 3, Buffer.from('half')));
    client.socket.end();
    await client.untilClosed();
    assert.equal(bodyAt(client, 1).toString(), 'whole');
    assert.deepEqual(bed.endings.sort(), ['0 client-aborted', '200 complete']);
  });
});

interface Late {
  readonly what: string;
  readonly sent: Buffer;
  readonly ms: number;
  /** Of the connection; undefined: it lives on. */
  readonly reason?: 'head-timeout' | 'idle-timeout' | 'protocol-error';
  readonly ending?: string;
}

const late: readonly Late[] = [
  { what: 'no preface', sent: Buffer.alloc(0), ms: 10_000, reason: 'head-timeout' },
  {
    what: 'half a preface',
    sent: HTTP2_PREFACE.subarray(0, 16),
    ms: 10_000,
    reason: 'head-timeout',
  },
  { what: 'no request', sent: HELLO, ms: 10_000, reason: 'head-timeout' },
  {
    what: 'half a head',
    sent: Buffer.concat([HELLO, frame(T.headers, 0, 1, GET)]),
    ms: 10_000,
    reason: 'head-timeout',
  },
  {
    what: 'half a frame',
    sent: Buffer.concat([HELLO, get(1).subarray(0, 12)]),
    ms: 10_000,
    reason: 'head-timeout',
  },
  {
    what: 'no other request',
    sent: Buffer.concat([HELLO, get(1)]),
    ms: 60_000,
    reason: 'idle-timeout',
  },
  {
    what: 'no acknowledgement of settings',
    sent: Buffer.concat([HTTP2_PREFACE, setting(4, 70_000), get(1)]),
    ms: 10_000,
    reason: 'protocol-error',
  },
  {
    what: 'no body',
    sent: Buffer.concat([HELLO, post(1), frame(T.data, 0, 1, Buffer.from('half'))]),
    ms: 30_000,
    ending: '408 body-timeout',
  },
  {
    what: 'no window for the response',
    sent: Buffer.concat([HTTP2_PREFACE, setting(4, 2), SETTINGS_ACK, get(1)]),
    ms: 30_000,
    ending: '200 send-timeout',
  },
];

for (const { what, sent, ms, reason, ending } of late) {
  test(`${what} in time: ${reason ?? ending}`, async () => {
    await withBed(answering(ok('hello')), {}, async (bed) => {
      const client = await bed.connect();
      client.send(sent);
      await bed.pass(Math.floor(ms / 2));
      assert.equal(client.ended || client.closed, false, 'not before its time');
      await bed.pass(ms / 2 + 3000);
      if (reason !== undefined) {
        await client.untilClosed();
        client.socket.destroy();
        await client.until(() => bed.http.listener.endings.of(reason) === 1, reason);
      } else {
        await client.until(() => bed.endings.includes(ending as string), ending);
        assert.equal(client.ended, false);
      }
    });
  });
}

test('a request that takes too long as a whole is answered in the place of its server', async () => {
  await withBed(
    () => {},
    { limits: { requestMs: 5000 } },
    async (bed) => {
      const client = await open(bed, get(1));
      await client.until(() => bed.accepted.length === 1);
      await bed.pass(8000);
      await untilFrame(client, { type: T.headers, id: 1 });
      assert.equal(statusOf(client, 1), 504);
      assert.deepEqual(bed.endings, ['504 request-timeout']);
      assert.deepEqual(bed.outcomes, ['abandoned']);
    },
  );
});

const floods: readonly [string, (n: number) => Buffer, number][] = [
  [
    'rapid reset',
    (n) => Buffer.concat([post(2 * n + 1), frame(T.rst, 0, 2 * n + 1, '00000008')]),
    CALM,
  ],
  ['SETTINGS', () => frame(T.settings, 0, 0), CALM],
  ['PING', () => frame(T.ping, 0, 0, 8), CALM],
  ['PRIORITY', (n) => frame(T.priority, 0, 2 * n + 1, '0000000010'), CALM],
  [
    'CONTINUATION',
    (n) => frame(n === 0 ? T.headers : T.continuation, 0, 1, n === 0 ? POST : 10),
    CALM,
  ],
  ['empty DATA', (n) => (n === 0 ? post(1) : frame(T.data, 0, 1)), CALM],
  ['requests that are reset for what is wrong with them', (n) => request2(2 * n + 1), CALM],
];

function request2(id: number): Buffer {
  return frame(T.headers, F.endHeaders | F.endStream, id, block([[':method', 'GET']]));
}

for (const [what, make, code] of floods) {
  test(`a flood of ${what} ends its connection and harms no other one`, async () => {
    await withBed(answering(ok('well')), {}, async (bed) => {
      const good = await open(bed, get(1));
      const bad = await open(bed, ...Array.from({ length: 2000 }, (_, n) => make(n)));
      await bad.untilClosed();
      assert.deepEqual(goaways(bad).slice(-1), [code]);
      good.send(get(3));
      await untilFrame(good, { ...END, id: 3 });
      bad.socket.destroy();
      await good.until(() => bed.http.listener.endings.of('protocol-error') === 1);
      assert.ok(bed.refused.some((name) => name.startsWith('h2-')));
    });
  });
}

test('a client that reads nothing makes only so much wait, and its server is held up', async () => {
  const BYTES = 32 * 1024 * 1024;
  const script = (peer: Peer) => {
    peer.socket.once('data', () => {
      peer.send(`HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: ${BYTES}\r\n\r\n`);
      peer.send(Buffer.alloc(BYTES));
    });
  };
  await withBed(script, {}, async (bed) => {
    const client = await bed.connect();
    client.socket.pause();
    client.send(
      Buffer.concat([
        HTTP2_PREFACE,
        setting(4, 2 ** 31 - 1),
        SETTINGS_ACK,
        windowUpdate(0, 2 ** 31 - 1 - 65_535),
        get(1),
      ]),
    );
    await client.until(() => bed.http.listener.stats().bufferedBytes > 0);
    await bed.pass(500);
    const { bufferedBytes } = bed.http.listener.stats();
    assert.ok(bufferedBytes < 1 << 20, `${bufferedBytes} bytes wait`);
    const sent = (bed.accepted[0] as Peer).socket.writableLength;
    assert.ok(sent > BYTES / 2, `the server still has ${sent} bytes`);
    client.socket.resume();
    await client.until(() => client.receivedBytes > BYTES);
    await untilFrame(client, { ...END, id: 1 });
    assert.equal(bodyAt(client, 1).length, BYTES);
  });
});

test('a client gone in the middle of everything leaves nothing behind', async () => {
  await withBed(
    answering(`HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 9\r\n\r\nhalf`),
    {},
    async (bed) => {
      const client = await open(bed, get(1), post(3), frame(T.data, 0, 3, 1000), get(5));
      await untilFrame(client, { type: T.data, id: 1 });
      client.socket.resetAndDestroy();
      await client.until(() => bed.endings.length === 3);
      assert.ok(bed.endings.every((each) => each.endsWith('client-aborted')));
    },
  );
});
