/** HTTP/2 for real clients: curl, nghttp and h2load by TLS and without, and python3-h2 when it breaks the rules. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { answer } from '../../../src/core/http/index.ts';
import { TestAuthority } from '../../../src/core/runtime/node/transport-fixture.ts';
import { answering, type BedOptions, ok, withBed } from '../../support/http-bed.ts';
import { pythonPath, requirePeer } from '../../support/peers.ts';

const run = promisify(execFile);
const authority = new TestAuthority('Tests');
const tls = {
  ...authority.issue('localhost'),
  alpn: ['h2', 'http/1.1'],
};
after(() => authority.remove());

const BODY = 'x'.repeat(100_000);

const doors: readonly [string, string, BedOptions][] = [
  ['by TLS', 'https', { tls }],
  ['without TLS', 'http', {}],
];

for (const [how, scheme, options] of doors) {
  test(`curl downloads and uploads ${how}`, requirePeer('curl'), async () => {
    await withBed(answering(ok(BODY)), options, async (bed) => {
      const url = `${scheme}://127.0.0.1:${bed.port}/`;
      const version = scheme === 'https' ? '--http2' : '--http2-prior-knowledge';
      const curl = ['-sk', version, '-w', ' %{http_version} %{http_code}'];
      const down = await run('curl', [...curl, url]);
      assert.equal(down.stdout, `${BODY} 2 200`);
      const up = await run('curl', [...curl, '-d', BODY, url]);
      assert.equal(up.stdout, `${BODY} 2 200`);
      assert.deepEqual(bed.endings, ['200 complete', '200 complete']);
    });
  });

  test(`nghttp asks for many at once ${how}`, requirePeer('nghttp'), async () => {
    await withBed(answering(ok(BODY)), options, async (bed) => {
      const url = `${scheme}://127.0.0.1:${bed.port}/`;
      const { stdout } = await run('nghttp', ['-m', '20', url], { maxBuffer: 1 << 24 });
      assert.equal(stdout.length, 20 * BODY.length);
      assert.equal(bed.endings.length, 20);
    });
  });

  test(`h2load has every request answered ${how}`, requirePeer('h2load'), async () => {
    const handler = (): NonNullable<ReturnType<NonNullable<BedOptions['handler']>>> => (exchange) =>
      answer(exchange, { status: 200, body: Buffer.from(BODY) });
    await withBed(
      () => {},
      { ...options, handler },
      async (bed) => {
        const url = `${scheme}://127.0.0.1:${bed.port}/`;
        const { stdout } = await run('h2load', ['-n', '2000', '-c', '5', '-m', '20', url]);
        assert.match(stdout, /2000 succeeded, 0 failed/);
      },
    );
  });
}

test('a client that offers HTTP/1.1 alone gets that', requirePeer('curl'), async () => {
  await withBed(answering(ok('hello')), { tls }, async (bed) => {
    const url = `https://127.0.0.1:${bed.port}/`;
    const { stdout } = await run('curl', ['-sk', '--http1.1', '-w', ' %{http_version}', url]);
    assert.equal(stdout, 'hello 1.1');
  });
});

const PROTOCOL_ERROR = 1;
const REFUSED = 7;
const CALM = 11;

test(
  'python3-h2 breaks the rules, and others do not notice',
  requirePeer('python3-h2'),
  async () => {
    await withBed(answering(ok('hello')), {}, async (bed) => {
      const script = join(import.meta.dirname, 'hostile.py');
      const { stdout } = await run(pythonPath, [script, String(bed.port)], { timeout: 60_000 });
      const cases = new Map(
        stdout
          .trim()
          .split('\n')
          .map((line): [string, string] => [
            line.split(' ', 1)[0] as string,
            line.slice(line.indexOf(' ') + 1),
          ]),
      );
      const malformed = `(${PROTOCOL_ERROR}, True) True`;
      assert.deepEqual(Object.fromEntries(cases), {
        short: malformed,
        long: malformed,
        connection: malformed,
        'transfer-encoding': malformed,
        capital: malformed,
        newline: malformed,
        host: malformed,
        'rapid-reset': `${CALM} True`,
        settings: `${CALM} True`,
        ping: `${CALM} True`,
        streams: `${REFUSED} True`,
      });
    });
  },
);
