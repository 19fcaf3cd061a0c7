/** What a client and a server of HTTP/1 see of each other through the proxy. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answering, ok, type Peer, statuses, withBed } from '../../../tests/support/http-bed.ts';
import { answer } from '../http/index.ts';
import { type ProxyEndpoints, parseProxyHeader } from '../wire/index.ts';

const GET = 'GET /a?b HTTP/1.1\r\nHost: x.test\r\n\r\n';
const GET_CLOSE = 'GET /a?b HTTP/1.1\r\nHost: x.test\r\nConnection: close\r\n\r\n';

test('a request and its response pass, without what belongs to one connection', async () => {
  const response = ok(
    'hello',
    'X-One: 1\r\nKeep-Alive: timeout=5\r\nConnection: x-two\r\nX-Two: 2\r\n',
  );
  await withBed(answering(response), {}, async (bed) => {
    const text = await bed.ask(
      'GET /a?b HTTP/1.1\r\nHost: x.test\r\nX-A: 1\r\nx-a: 2\r\nConnection: close, x-b\r\nX-B: 3\r\nTE: gzip\r\n\r\n',
    );
    assert.equal(
      bed.accepted[0]?.text,
      'GET /a?b HTTP/1.1\r\nHost: x.test\r\nX-A: 1\r\nx-a: 2\r\n\r\n',
    );
    assert.equal(
      text,
      'HTTP/1.1 200 OK\r\nDate: now\r\nX-One: 1\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello',
    );
    assert.deepEqual(bed.endings, ['200 complete']);
    assert.deepEqual(bed.outcomes, ['well']);
  });
});

interface Framing {
  readonly name: string;
  readonly request: string;
  /** What the server says; it closes behind it if it says so. */
  readonly response: string;
  readonly serverCloses?: boolean;
  /** What the client must get. */
  readonly got: string;
  /** The client gets an end behind it. */
  readonly closes: boolean;
  /** The server's connection is used again. */
  readonly reused: boolean;
}

const framings: readonly Framing[] = [
  {
    name: 'a length stays a length',
    request: GET,
    response: ok('abc'),
    got: ok('abc'),
    closes: false,
    reused: true,
  },
  {
    name: 'chunks stay chunks, trailers too',
    request: GET,
    response:
      'HTTP/1.1 200 OK\r\nDate: now\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nX-T: 1\r\n\r\n',
    got: 'HTTP/1.1 200 OK\r\nDate: now\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-T: 1\r\n\r\n',
    closes: false,
    reused: true,
  },
  {
    name: 'what ends with the server’s connection comes in chunks',
    request: GET,
    response: 'HTTP/1.1 200 OK\r\nDate: now\r\n\r\nabc',
    serverCloses: true,
    got: 'HTTP/1.1 200 OK\r\nDate: now\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    closes: false,
    reused: false,
  },
  {
    name: 'a client of HTTP/1.0 gets chunks without their coding, and the end',
    request: 'GET / HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n',
    response:
      'HTTP/1.1 200 OK\r\nDate: now\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    got: 'HTTP/1.1 200 OK\r\nDate: now\r\nConnection: close\r\n\r\nabc',
    closes: true,
    reused: true,
  },
  {
    name: 'a client of HTTP/1.0 that asks for it keeps its connection',
    request: 'GET / HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n',
    response: ok('abc'),
    got: 'HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\nabc',
    closes: false,
    reused: true,
  },
  {
    name: 'a client of HTTP/1.0 that does not ask for it gets the end',
    request: 'GET / HTTP/1.0\r\nHost: x\r\n\r\n',
    response: ok('abc'),
    got: 'HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc',
    closes: true,
    reused: true,
  },
  {
    name: 'HEAD has the length of a GET and no body',
    request: 'HEAD / HTTP/1.1\r\nHost: x\r\n\r\n',
    response: 'HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 1000\r\n\r\n',
    got: 'HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 1000\r\n\r\n',
    closes: false,
    reused: true,
  },
  {
    name: '204 has no body and no length',
    request: GET,
    response: 'HTTP/1.1 204 No Content\r\nDate: now\r\nContent-Length: 0\r\n\r\n',
    got: 'HTTP/1.1 204 No Content\r\nDate: now\r\n\r\n',
    closes: false,
    reused: true,
  },
  {
    name: '304 has the length of what was not sent',
    request: GET,
    response: 'HTTP/1.1 304 Not Modified\r\nDate: now\r\nContent-Length: 77\r\nETag: "a"\r\n\r\n',
    got: 'HTTP/1.1 304 Not Modified\r\nDate: now\r\nContent-Length: 77\r\nETag: "a"\r\n\r\n',
    closes: false,
    reused: true,
  },
  {
    name: 'interim responses pass before the final one',
    request: GET,
    response: `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n${ok('abc')}`,
    got: `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n${ok('abc')}`,
    closes: false,
    reused: true,
  },
  {
    name: 'interim responses do not go to a client of HTTP/1.0',
    request: 'GET / HTTP/1.0\r\nHost: x\r\n\r\n',
    response: `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${ok('')}`,
    got: 'HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
    closes: true,
    reused: true,
  },
  {
    name: 'a server that closes is not asked again, its client is not told',
    request: GET,
    response: 'HTTP/1.1 200 OK\r\nDate: now\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc',
    got: ok('abc'),
    closes: false,
    reused: false,
  },
  {
    name: 'a server that says more than its response is not trusted again',
    request: GET,
    response: `${ok('abc')}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`,
    got: ok('abc'),
    closes: false,
    reused: false,
  },
];

for (const { name, request, response, serverCloses, got, closes, reused } of framings) {
  test(`framing: ${name}`, async () => {
    const script = answering((_head, peer) => {
      if (serverCloses === true) queueMicrotask(() => peer.socket.end());
      return response;
    });
    await withBed(script, {}, async (bed) => {
      const client = await bed.connect();
      client.send(request);
      await client.until(() => client.receivedBytes >= got.length, got);
      assert.equal(client.text, got);
      if (closes) {
        await client.untilClosed();
      } else {
        client.send(GET);
        await client.until(() => statuses(client.text.slice(got.length)).length > 0, 'another one');
        assert.equal(client.ended, false);
        assert.equal(bed.accepted.length, reused ? 1 : 2);
      }
      assert.equal(client.text.slice(0, got.length), got);
    });
  });
}

test('a response without a date is given one', async () => {
  await withBed(answering('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'), {}, async (bed) => {
    const text = await bed.ask(GET_CLOSE);
    assert.match(text, /\r\nDate: Mon, 01 Jan 2001 00:00:0\d GMT\r\n/);
  });
});

test('a request of HTTP/1.0 without Host gets the one it connected to', async () => {
  await withBed(answering(ok('')), {}, async (bed) => {
    await bed.ask('GET / HTTP/1.0\r\n\r\n');
    assert.equal(bed.accepted[0]?.text, `GET / HTTP/1.1\r\nHost: 127.0.0.1:${bed.port}\r\n\r\n`);
  });
});

test('an absolute target becomes a path, and its authority the Host', async () => {
  await withBed(answering(ok('')), {}, async (bed) => {
    await bed.ask('GET http://a.test/x?y HTTP/1.1\r\nHost: b.test\r\nConnection: close\r\n\r\n');
    assert.equal(bed.accepted[0]?.text, 'GET /x?y HTTP/1.1\r\nHost: a.test\r\n\r\n');
  });
});

test('pipelined requests are answered in their order, one at a time', async () => {
  let waiting = 0;
  const script = answering((head) => {
    waiting++;
    assert.equal(waiting, 1);
    waiting--;
    return ok(head.split(' ')[1] as string);
  });
  await withBed(script, {}, async (bed) => {
    const client = await bed.connect();
    const many = Array.from(
      { length: 300 },
      (_, i) =>
        `POST /${i} HTTP/1.1\r\nHost: x\r\nContent-Length: ${i % 5}\r\n\r\n${'GET /evil'.slice(0, i % 5)}`,
    );
    client.send(many.join(''));
    await client.untilText('/299');
    const bodies = [...client.text.matchAll(/\r\n\r\n(\/\d+)/g)].map((match) => match[1]);
    assert.deepEqual(
      bodies,
      many.map((_, i) => `/${i}`),
    );
    assert.equal(bed.accepted.length, 1);
  });
});

test('a client that pipelines and does not read holds a bounded number of answers', async () => {
  const body = Buffer.alloc(16_384, 'x');
  await withBed(
    answering(ok('')),
    { handler: () => (exchange) => answer(exchange, { status: 200, body }) },
    async (bed) => {
      const client = await bed.connect();
      client.socket.pause();
      client.send(GET.repeat(300));
      await bed.pass(2000);
      const { bufferedBytes } = bed.http.listener.stats();
      assert.ok(bufferedBytes < 400_000 && bufferedBytes > 0, `${bufferedBytes} wait`);
      client.socket.resume();
      const marks = (): number => statuses(client.text).length;
      await client.until(() => marks() === 300, 'all answers');
    },
  );
});

test('heads that come byte by byte are the same heads', async () => {
  await withBed(answering(ok('abc')), {}, async (bed) => {
    const client = await bed.connect();
    await client.sendInPieces(['\r\n', ...'GET / HTTP/1.1\r\nHost: x\r\n\r\n', GET]);
    await client.until(() => statuses(client.text).length === 2, 'both');
    assert.equal(bed.accepted[0]?.text, `GET / HTTP/1.1\r\nHost: x\r\n\r\n${GET}`);
  });
});

test('Expect: 100-continue goes to the server, which says when the body shall come', async () => {
  const script = answering((_head, peer) => {
    setTimeout(() => peer.send(ok('done')), 20);
    return 'HTTP/1.1 100 Continue\r\n\r\n';
  }, true);
  await withBed(script, {}, async (bed) => {
    const client = await bed.connect();
    client.send('PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n');
    await client.untilText('100 Continue\r\n\r\n');
    client.send('12345');
    await client.untilText('done');
    assert.match(bed.accepted[0]?.text ?? '', /Expect: 100-continue\r\n[\s\S]*12345$/);
  });
});

test('a final answer to Expect: 100-continue ends the connection: the body may come or not', async () => {
  await withBed(answering(ok('no'), true), {}, async (bed) => {
    const client = await bed.connect();
    client.send('PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 40\r\n\r\n');
    await client.untilText('no');
    client.send('GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n');
    await client.untilClosed();
    assert.match(client.text, /Connection: close/);
    assert.deepEqual(statuses(client.text), ['200']);
  });
});

test('an early answer is passed on while the body still comes, and nothing is taken for a request', async () => {
  const script = answering(
    'HTTP/1.1 413 Too Large\r\nDate: now\r\nContent-Length: 0\r\n\r\n',
    true,
  );
  await withBed(script, {}, async (bed) => {
    const client = await bed.connect();
    client.send(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(1000)}`);
    await client.untilText('413');
    client.send('GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(100));
    await client.untilClosed();
    assert.deepEqual(statuses(client.text), ['413']);
    assert.ok(!bed.accepted.some(({ text }) => text.includes('GET /smuggled')));
  });
});

test('a short rest of a body that was answered early is read, and the connection goes on', async () => {
  const script = answering((head) => ok(head.startsWith('POST') ? 'early' : 'next'), true);
  await withBed(script, {}, async (bed) => {
    const client = await bed.connect();
    client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 30000\r\n\r\n');
    await client.untilText('early');
    client.send(Buffer.concat([Buffer.alloc(30_000, 'b'), Buffer.from(GET)]));
    await client.untilText('next');
    assert.equal(bed.accepted.length, 2);
    assert.equal(bed.accepted[1]?.text, GET);
  });
});

test('a client that half-closes gets its answers', async () => {
  const script = answering((_head, peer) => {
    setTimeout(() => peer.send(ok('late')), 30);
    return '';
  });
  await withBed(script, {}, async (bed) => {
    const client = await bed.connect();
    client.send(GET + GET);
    client.socket.end();
    await client.untilClosed();
    assert.deepEqual(statuses(client.text), ['200', '200']);
  });
});

test('a client that ends within its body has its request cut off at the server', async () => {
  await withBed(answering(''), {}, async (bed) => {
    const client = await bed.connect();
    client.send('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab');
    await bed.clients[0]?.until(() => bed.accepted[0]?.text.includes('ab') ?? false);
    client.socket.end();
    await bed.accepted[0]?.untilClosed();
    assert.deepEqual(bed.endings, ['0 client-aborted']);
    assert.deepEqual(bed.outcomes, ['abandoned']);
    assert.ok(!bed.accepted[0]?.text.includes('0\r\n\r\n'));
  });
});

test('CONNECT is not offered, unless it is', async () => {
  const connect = 'CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n';
  await withBed(answering(ok('')), {}, async (bed) => {
    assert.deepEqual(statuses(await bed.ask(`${connect}GET / HTTP/1.1\r\nHost: x\r\n\r\n`)), [
      '501',
    ]);
    assert.equal(bed.accepted.length, 0);
    bed.http.server.allowConnect = true;
    const client = await bed.connect();
    client.send(connect);
    await client.untilText('200');
    assert.equal(bed.accepted[0]?.text, connect);
  });
});

test('OPTIONS that shall go no further is answered here, others count down', async () => {
  await withBed(answering(ok('')), {}, async (bed) => {
    const head = 'OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\nMax-Forwards: ';
    assert.deepEqual(statuses(await bed.ask(`${head}0\r\n\r\n`)), ['204']);
    assert.equal(bed.accepted.length, 0);
    assert.deepEqual(statuses(await bed.ask(`${head}7\r\n\r\n`)), ['200']);
    assert.match(
      bed.accepted[0]?.text ?? '',
      /^OPTIONS \* HTTP\/1\.1\r\n[\s\S]*Max-Forwards: 6\r\n/,
    );
  });
});

test('connections have a number of requests, and drain ends them behind the one that runs', async () => {
  const script = answering((head, peer) => {
    if (!head.includes('/slow')) return ok('');
    setTimeout(() => peer.send(ok('slow')), 40);
    return '';
  });
  await withBed(script, { limits: { requestsMax: 2 } }, async (bed) => {
    const text = await bed.ask(GET.repeat(5));
    assert.deepEqual(statuses(text), ['200', '200']);
    assert.equal(text.split('Connection: close').length, 2);
    const idle = await bed.connect();
    idle.send(GET);
    await idle.untilText('200');
    const busy = await bed.connect();
    busy.send('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
    await busy.until(() => bed.forwards.begun > bed.forwards.ended, 'the request');
    const drained = bed.http.listener.drain(60_000);
    await idle.untilClosed();
    await busy.untilClosed();
    assert.match(busy.text, /Connection: close\r\n\r\nslow$/);
    busy.socket.destroy();
    idle.socket.destroy();
    assert.equal(await drained, 0);
    assert.equal(bed.http.listener.endings.of('server-drain'), 2);
  });
});

test('bodies over the limit are refused, known lengths before they are sent on', async () => {
  await withBed(answering('', true), { limits: { bodyBytes: 10 } }, async (bed) => {
    const head = 'POST / HTTP/1.1\r\nHost: x\r\n';
    assert.deepEqual(statuses(await bed.ask(`${head}Content-Length: 11\r\n\r\n`)), ['413']);
    assert.equal(bed.accepted.length, 0);
    const chunked = await bed.connect();
    chunked.send(`${head}Transfer-Encoding: chunked\r\n\r\n8\r\n12345678\r\n`);
    await chunked.until(() => bed.accepted[0]?.text.includes('12345678') ?? false);
    chunked.send('8\r\n12345678\r\n0\r\n\r\n');
    await chunked.untilClosed();
    assert.ok(!bed.accepted[0]?.text.includes('0\r\n\r\n'));
    assert.deepEqual(bed.refused, ['body-too-large', 'body-too-large']);
    chunked.socket.destroy();
    await bed.untilEmpty();
    assert.equal(bed.http.listener.endings.of('input-limit'), 2);
  });
});

test('a server that is told of clients by PROXY headers has a connection for each request', async () => {
  for (const tells of ['v1', 'v2'] as const) {
    const script = (peer: Peer): void => {
      peer.socket.on('data', () => {
        const parsed = parseProxyHeader(peer.received);
        assert.equal(parsed.kind, 'header');
        if (parsed.kind !== 'header' || !peer.text.endsWith('\r\n\r\n')) return;
        const { sourceAddress, sourcePort, destinationPort } = parsed.header
          .endpoints as ProxyEndpoints;
        const request = peer.text.slice(parsed.bytes).split(' ')[1];
        peer.send(ok(`${request} ${sourceAddress} ${sourcePort} ${destinationPort};`));
      });
    };
    await withBed(script, { tells, originLimits: { connectionsMax: 2 } }, async (bed) => {
      const clients = await Promise.all([1, 2, 3, 4].map(() => bed.connect()));
      for (const [i, client] of clients.entries()) {
        client.send(`GET /${i}a HTTP/1.1\r\nHost: x\r\n\r\nGET /${i}b HTTP/1.1\r\nHost: x\r\n\r\n`);
      }
      for (const [i, client] of clients.entries()) {
        const { localPort } = client.socket;
        await client.untilText(`/${i}a 127.0.0.1 ${localPort} ${bed.port};`);
        await client.untilText(`/${i}b 127.0.0.1 ${localPort} ${bed.port};`);
      }
      assert.equal(bed.accepted.length, 8);
      assert.equal(bed.origin.kept, 0);
    });
  }
});
