/** Tunnels in HTTP/2: WebSockets by RFC 8441 and plain CONNECT, before a server of HTTP/1. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { describe, test } from 'node:test';
import {
  answering,
  type Bed,
  type BedOptions,
  ok,
  type Peer,
  type Script,
  withBed,
} from '../../../../tests/support/http-bed.ts';

const WEB_SOCKET = {
  ':method': 'CONNECT',
  ':protocol': 'websocket',
  ':scheme': 'https',
  ':path': '/chat?room=1',
  ':authority': 'a.example',
  'sec-websocket-version': '13',
  'sec-websocket-protocol': 'superchat',
  origin: 'https://a.example',
};

/** The answer that RFC 6455 section 4.2.2 wants to the key that has come. */
function switching(peer: Peer, more = ''): string {
  const key = /\r\nSec-WebSocket-Key: (\S+)\r\n/i.exec(peer.text)?.[1] ?? '';
  const salted = `${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const accept = createHash('sha1').update(salted).digest('base64');
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n${more}\r\n`;
}

/** Does something once the head has come. */
function atHead(run: (peer: Peer) => void): Script {
  return (peer) => {
    let begun = false;
    peer.socket.on('data', () => {
      if (begun || !peer.text.includes('\r\n\r\n')) return;
      begun = true;
      run(peer);
    });
  };
}

const echo = atHead((peer) => {
  peer.send(switching(peer, 'Sec-WebSocket-Protocol: superchat\r\n'));
  const early = peer.received.subarray(peer.received.indexOf('\r\n\r\n') + 4);
  if (early.length > 0) peer.send(early);
  peer.socket.on('data', (chunk) => peer.socket.write(chunk));
  peer.socket.on('end', () => peer.socket.end());
});

interface Tunnel {
  readonly session: ClientHttp2Session;
  readonly stream: ClientHttp2Stream;
  readonly closed: Promise<unknown>;
  /** Undefined when the stream was reset before there was one. */
  readonly status: Promise<number | undefined>;
  readonly head: () => Record<string, unknown>;
  readonly text: () => string;
  readonly received: () => Buffer;
}

async function withTunnel(
  script: Script,
  options: BedOptions,
  fields: Record<string, string>,
  work: (tunnel: Tunnel, bed: Bed) => Promise<void>,
): Promise<void> {
  await withBed(script, options, async (bed) => {
    const session = connect(`http://127.0.0.1:${bed.port}`);
    session.on('error', () => {});
    await once(session, 'remoteSettings');
    assert.equal(session.remoteSettings.enableConnectProtocol, true);
    const stream = session.request(fields, { endStream: false });
    stream.on('error', () => {});
    const pieces: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => pieces.push(chunk));
    let head: Record<string, unknown> = {};
    const closed = new Promise((resolve) => stream.once('close', resolve));
    const status = new Promise<number | undefined>((resolve) => {
      stream.once('response', (fields) => {
        head = fields as Record<string, unknown>;
        resolve(fields[':status']);
      });
      stream.once('close', () => resolve(undefined));
    });
    const received = () => Buffer.concat(pieces);
    const text = () => received().toString('latin1');
    try {
      await work({ session, stream, closed, status, head: () => head, text, received }, bed);
    } finally {
      session.destroy();
    }
  });
}

async function until(done: () => boolean): Promise<void> {
  const endMs = Date.now() + 8_000;
  while (!done()) {
    assert.ok(Date.now() < endMs, 'what was waited for did not come');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('a WebSocket (RFC 8441)', () => {
  test('is asked for as HTTP/1.1 would, and opens with 200', async () => {
    await withTunnel(echo, {}, WEB_SOCKET, async ({ status, head, closed, stream, text }, bed) => {
      assert.equal(await status, 200);
      assert.equal(head()['sec-websocket-protocol'], 'superchat');
      assert.deepEqual(
        ['sec-websocket-accept', 'upgrade', 'connection'].filter((name) => name in head()),
        [],
      );
      const { text: request } = bed.accepted[0] as Peer;
      assert.match(request, /^GET \/chat\?room=1 HTTP\/1\.1\r\n/);
      assert.match(request, /\r\nHost: a\.example\r\n/i);
      assert.match(request, /\r\nUpgrade: websocket\r\nConnection: upgrade\r\n/);
      assert.match(request, /\r\nSec-WebSocket-Key: [A-Za-z0-9+/]{22}==\r\n/);
      assert.match(request, /\r\nsec-websocket-version: 13\r\n/);
      assert.doesNotMatch(request, /content-length|transfer-encoding|:protocol/i);
      stream.write('one');
      await until(() => text() === 'one');
      stream.end('two');
      await closed;
      assert.equal(text(), 'onetwo');
      await until(() => bed.endings.length === 1);
      assert.deepEqual(bed.endings, ['200 complete']);
      assert.deepEqual(bed.outcomes, ['well']);
    });
  });

  test('carries what the windows hold up, both ways', async () => {
    await withTunnel(echo, {}, WEB_SOCKET, async ({ status, stream, received }) => {
      assert.equal(await status, 200);
      const sent = Buffer.alloc(3_000_000, '0123456789abcde');
      stream.write(sent);
      await until(() => received().length >= sent.length);
      assert.ok(received().equals(sent));
    });
  });

  test('waits with what comes before the switch', async () => {
    const late = atHead((peer) => {
      setTimeout(() => {
        assert.doesNotMatch(peer.text, /early/);
        peer.send(switching(peer));
      }, 30);
    });
    await withTunnel(late, {}, WEB_SOCKET, async ({ status, stream }, bed) => {
      stream.write('early');
      assert.equal(await status, 200);
      await bed.accepted[0]?.untilText('early');
    });
  });

  test('ends on one side at a time', async () => {
    const bye = atHead((peer) => {
      peer.send(`${switching(peer)}bye`);
      peer.socket.end();
    });
    await withTunnel(bye, {}, WEB_SOCKET, async ({ status, stream, closed, text }, bed) => {
      assert.equal(await status, 200);
      await once(stream, 'end');
      assert.equal(text(), 'bye');
      stream.end('still here');
      await bed.accepted[0]?.untilText('still here');
      await bed.accepted[0]?.untilClosed();
      await closed;
      assert.equal(stream.rstCode, 0);
    });
  });

  test('that the client resets takes its connection to the server along', async () => {
    await withTunnel(echo, {}, WEB_SOCKET, async ({ status, stream }, bed) => {
      assert.equal(await status, 200);
      stream.close(8);
      await bed.accepted[0]?.untilClosed();
      await until(() => bed.endings.length === 1);
      assert.deepEqual(bed.endings, ['200 client-aborted']);
    });
  });

  test('that the server breaks off is reset', async () => {
    const breaking = atHead((peer) => {
      peer.send(switching(peer));
      setTimeout(() => peer.socket.resetAndDestroy(), 20);
    });
    await withTunnel(breaking, {}, WEB_SOCKET, async ({ status, stream, closed }) => {
      assert.equal(await status, 200);
      await closed;
      assert.notEqual(stream.rstCode, 0);
    });
  });

  const answers: readonly (readonly [string, Script, number])[] = [
    ['a status that refuses is passed on', answering(ok('no').replace('200 OK', '403 No')), 403],
    ['200 is no tunnel, and not taken for one', answering(ok('hello')), 502],
    [
      'a wrong Sec-WebSocket-Accept is refused',
      atHead((peer) => peer.send(switching(peer).replace(/Accept: .{4}/, 'Accept: AAAA'))),
      502,
    ],
  ];
  for (const [name, script, expected] of answers) {
    test(name, async () => {
      await withTunnel(script, {}, WEB_SOCKET, async ({ status, closed }, bed) => {
        assert.equal(await status, expected);
        await bed.pass(3_000);
        await closed;
      });
    });
  }

  test('is never another version of HTTP', async () => {
    const fields = { ...WEB_SOCKET, ':protocol': 'h2c' };
    await withTunnel(answering(ok('')), {}, fields, async ({ status }, bed) => {
      assert.equal(await status, 502);
      assert.doesNotMatch(bed.accepted[0]?.text ?? '', /upgrade/i);
    });
  });

  test('may be silent for its own time, not for that of a body', async () => {
    const limits = { bodyStallMs: 2_000, requestMs: 3_000, tunnelIdleMs: 20_000, idleMs: 5_000 };
    await withTunnel(
      echo,
      { limits },
      WEB_SOCKET,
      async ({ status, stream, text, closed }, bed) => {
        assert.equal(await status, 200);
        await bed.pass(15_000);
        stream.write('there');
        await until(() => text() === 'there');
        await bed.pass(15_000);
        assert.equal(stream.closed, false);
        await bed.pass(8_000);
        await closed;
        await until(() => bed.endings.length === 1);
        assert.deepEqual(bed.endings, ['200 tunnel-idle']);
      },
    );
  });

  test('has no limit of a body', async () => {
    await withTunnel(echo, { limits: { bodyBytes: 10 } }, WEB_SOCKET, async (tunnel) => {
      assert.equal(await tunnel.status, 200);
      tunnel.stream.write('more than ten bytes');
      await until(() => tunnel.text() === 'more than ten bytes');
    });
  });
});

describe('CONNECT without a protocol', () => {
  const CONNECT = { ':method': 'CONNECT', ':authority': 'b.example:443' };

  test('is refused', async () => {
    await withTunnel(echo, {}, CONNECT, async ({ status }, bed) => {
      assert.equal(await status, 501);
      assert.equal(bed.accepted.length, 0);
    });
  });

  test('is a tunnel where it is allowed', async () => {
    const opening = atHead((peer) => {
      peer.send('HTTP/1.1 200 OK\r\n\r\nhello');
      peer.socket.on('data', (chunk) => peer.socket.write(chunk));
    });
    await withTunnel(opening, { allowConnect: true }, CONNECT, async (tunnel, bed) => {
      assert.equal(await tunnel.status, 200);
      assert.match(bed.accepted[0]?.text ?? '', /^CONNECT b\.example:443 HTTP\/1\.1\r\n/);
      tunnel.stream.write(' you');
      await until(() => tunnel.text() === 'hello you');
    });
  });
});
