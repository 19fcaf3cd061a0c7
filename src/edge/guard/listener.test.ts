/** Guard and access on a real listener, with clients of raw bytes, curl and h2load. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { answering, type Bed, ok, statuses, withBed } from '../../../tests/support/http-bed.ts';
import { defaultsOf, section } from '../../core/config/index.ts';
import type { Handler } from '../../core/http/index.ts';
import { silentLogger } from '../../core/observe/index.ts';
import { createSimRandom } from '../../core/runtime/sim/index.ts';
import { Access, signUrl } from '../access/index.ts';
import { ruleOf } from '../access/rule-fixture.ts';
import { Guard } from './guard.ts';
import { DEFAULT_RULE, type GuardRuleSettings, guardFields } from './guard-fields.ts';

const run = promisify(execFile);
const standard = defaultsOf(section('guard', 'For tests.', guardFields));

function missing(command: string): string | false {
  return spawnSync(command, ['--version']).error === undefined ? false : `missing peer: ${command}`;
}

function guardOf(bed: Bed, rule: Partial<GuardRuleSettings>): Guard {
  return new Guard(
    { ...standard, memoryBytes: 1 << 20, rules: [{ ...DEFAULT_RULE, ...rule }] },
    { clock: bed.clock, random: createSimRandom(1), log: silentLogger() },
  );
}

/** A bed whose requests pass a guard with this rule on their way to the server. */
async function withGuard(
  rule: Partial<GuardRuleSettings>,
  work: (bed: Bed, guard: Guard) => Promise<void>,
): Promise<void> {
  let guard: Guard | undefined;
  const handler = (bed: Bed): Handler => {
    guard = guardOf(bed, rule);
    return guard.make('default', 'route', (exchange) => bed.forward(exchange)) as Handler;
  };
  await withBed(answering(ok('fine')), { handler }, (bed) => work(bed, guard as Guard));
}

const GET = 'GET /film HTTP/1.1\r\nHost: example.com\r\n\r\n';

test('over a limit: 429 with Retry-After, and the connection lives on', async () => {
  await withGuard({ perSecond: 1, burst: 8 }, async (bed) => {
    const client = await bed.connect();
    for (let i = 1; i <= 12; i++) {
      client.send(GET);
      await client.until(() => statuses(client.text).length === i, `answer ${i}`);
    }
    assert.deepEqual(statuses(client.text), [...Array(8).fill('200'), ...Array(4).fill('429')]);
    assert.match(client.text, /\r\nRetry-After: 1\r\n/);
    assert.equal(client.ended, false);
  });
});

test('over a limit with over: close, the connection is cut off behind the status', async () => {
  await withGuard({ perSecond: 1, burst: 8, over: 'close' }, async (bed) => {
    const client = await bed.connect();
    client.send(GET.repeat(12));
    await client.untilClosed();
    const seen = statuses(client.text);
    assert.equal(seen.filter((status) => status === '200').length, 8);
    assert.ok(seen.length <= 9 && seen.slice(8).every((status) => status === '429'));
  });
});

test('slow heads add up to a block: neither requests nor connections of that client are taken', async () => {
  await withGuard({}, async (bed, guard) => {
    const { events } = bed.http.server;
    const tellBed = events.onRequestEnd.bind(events);
    events.onRequestEnd = (exchange, ending) => {
      guard.ended(exchange, ending);
      tellBed(exchange, ending);
    };
    events.admits = (address) => guard.admits(address);
    const other = await bed.connect();
    other.send(GET);
    await other.untilText('fine');
    const slow = await Promise.all(Array.from({ length: 40 }, () => bed.connect()));
    for (const client of slow) client.send('GET /film HTTP/1.1\r\nHost: exa');
    // What was sent arrives in its own time, and only then the clock of its head runs.
    for (let s = 0; s < 40 && slow.some(({ ended, closed }) => !ended && !closed); s++) {
      await bed.pass(1000);
      await sleep(10);
    }
    for (const client of slow) await client.untilClosed();
    assert.deepEqual(statuses(slow[0]?.text ?? ''), ['408']);
    assert.deepEqual(
      guard.shown().blocks.map(({ network, reason }) => [network, reason]),
      [['127.0.0.1', 'head-timeout']],
    );
    other.send(GET);
    await other.untilText('429 Too Many Requests');
    const next = await bed.connect();
    await next.untilClosed();
    assert.equal(next.text, '');
  });
});

test('a signed film: the origin sees neither token nor cookie of ours', async () => {
  const key = { name: 'k1', secret: 'a secret of some length' };
  const access = new Access([ruleOf({ signed: { by: 'either', keys: [key] } })]);
  const asked: string[] = [];
  const script = answering((request) => {
    asked.push(request);
    return ok('fine');
  });
  const handler = (bed: Bed): Handler =>
    access.make('r', 'route', (exchange) => bed.forward(exchange)) as Handler;
  await withBed(script, { handler }, async (bed) => {
    const until = Math.floor(bed.clock.wallMs() / 1000) + 60;
    const url = signUrl('http://example.com/film?x=1', { key, until });
    const client = await bed.connect();
    client.send(
      `GET ${url.slice('http://example.com'.length)} HTTP/1.1\r\nHost: example.com\r\nCookie: a=1\r\n\r\n`,
    );
    await client.untilText('fine');
    client.send(GET);
    await client.untilText('403 Forbidden');
    assert.equal(asked.length, 1);
    assert.match(asked[0] as string, /^GET \/film\?x=1 HTTP\/1\.1\r\n/);
    assert.match(asked[0] as string, /\r\nCookie: a=1\r\n/);
  });
});

test('h2load: a flood over HTTP/2 gets as much as its limit', {
  skip: missing('h2load'),
}, async () => {
  await withGuard({ perSecond: 1, burst: 100 }, async (bed, guard) => {
    const url = `http://127.0.0.1:${bed.port}/film`;
    const { stdout } = await run('h2load', ['-n', '3000', '-c', '4', '-m', '8', url]);
    assert.match(stdout, /status codes: 100 2xx, 0 3xx, \d+ 4xx, 0 5xx/);
    assert.equal(guard.counts.requests, guard.counts.passed + mitigated(guard));
    assert.equal(guard.counts.passed, 100);
    assert.ok((guard.counts.mitigated.get('blocked') ?? 0) > 0);
  });
});

test('curl: the page with the task, and a preflight', { skip: missing('curl') }, async () => {
  await withGuard({ challenge: 'always' }, async (bed) => {
    const url = `http://127.0.0.1:${bed.port}/`;
    const { stdout } = await run('curl', ['-si', '-H', 'Accept: text/html', url]);
    assert.match(stdout, /^HTTP\/1\.1 403 /);
    assert.match(stdout, /data-task="\d+\.16\.[\w-]{22}"/);
  });
  const access = new Access([ruleOf({ cors: { origins: ['https://app.example'] } })]);
  const handler = (bed: Bed): Handler =>
    access.make('r', 'route', (exchange) => bed.forward(exchange)) as Handler;
  await withBed(
    answering(ok('fine', 'Access-Control-Allow-Origin: *\r\n')),
    { handler },
    async (bed) => {
      const url = `http://127.0.0.1:${bed.port}/`;
      const origin = ['-H', 'Origin: https://app.example'];
      const asks = ['-X', 'OPTIONS', '-H', 'Access-Control-Request-Method: GET'];
      const preflight = await run('curl', ['-si', ...origin, ...asks, url]);
      assert.match(preflight.stdout, /^HTTP\/1\.1 204 /);
      assert.match(preflight.stdout, /Access-Control-Allow-Origin: https:\/\/app\.example\r\n/i);
      const get = await run('curl', ['-si', ...origin, url]);
      assert.match(get.stdout, /^HTTP\/1\.1 200 /);
      assert.deepEqual(get.stdout.match(/Access-Control-Allow-Origin: .*/gi), [
        'Access-Control-Allow-Origin: https://app.example',
      ]);
      assert.match(get.stdout, /\r\nVary: Origin\r\n/);
    },
  );
});

function mitigated({ counts }: Guard): number {
  return [...counts.mitigated.values()].reduce((sum, count) => sum + count, 0);
}
