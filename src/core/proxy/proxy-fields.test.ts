/** What a server is told of a request's way. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answering, ok, withBed } from '../../../tests/support/http-bed.ts';
import { createNodeRandom } from '../runtime/node/index.ts';
import { ProxyFields } from './proxy-fields.ts';

const options = {
  ...{ via: '', xForwarded: false, forwarded: false, requestId: false, traceparent: true },
};
const TRACE = /^traceparent: 00-([0-9a-f]{32})-([0-9a-f]{16})-01\r$/im;

/** The parts of the trace that a server is given, for each of so many requests. */
async function traces(fields: ProxyFields, count: number, line = ''): Promise<string[][]> {
  const seen: string[][] = [];
  const script = answering((request) => {
    seen.push((TRACE.exec(request) ?? []).slice(1));
    return ok('');
  });
  await withBed(script, {}, async (bed) => {
    bed.request = (exchange) => fields.add(exchange);
    for (let i = 0; i < count; i++) {
      await bed.ask(`GET / HTTP/1.1\r\nHost: x\r\n${line}Connection: close\r\n\r\n`);
    }
  });
  return seen;
}

test('a request without a trace begins one of its own', async () => {
  const seen = await traces(new ProxyFields(options, createNodeRandom()), 3);
  assert.ok(seen.every(({ length }) => length === 2));
  assert.equal(new Set(seen.flat()).size, 6);
});

test('W3C Trace Context section 3.2: no part is all zeros, whatever chance gives', async () => {
  const random = { u32: () => 0, float: () => 0, bytes: (count: number) => Buffer.alloc(count) };
  const [parts] = await traces(new ProxyFields(options, random), 1);
  assert.equal(parts?.length, 2);
  for (const part of parts as string[]) assert.doesNotMatch(part, /^0+$/);
});

test('a trace that is one is passed on, and one that is none is replaced', async () => {
  const fields = new ProxyFields(options, createNodeRandom());
  const given = `${'ab'.repeat(16)}-${'cd'.repeat(8)}`;
  const passed = await traces(fields, 1, `traceparent: 00-${given}-01\r\n`);
  assert.equal(passed[0]?.join('-'), given);
  const replaced = await traces(
    fields,
    1,
    `traceparent: 00-${'0'.repeat(32)}-${'0'.repeat(16)}-01\r\n`,
  );
  assert.equal(replaced[0]?.length, 2);
  assert.doesNotMatch(replaced[0]?.join('') as string, /^0+$/);
});

const told = { ...options, xForwarded: true, traceparent: false };

/** The fields that a server is told of its client, for each of these requests on one connection. */
async function toldOf(
  fields: readonly ProxyFields[],
  requests: readonly string[],
  trusts = false,
): Promise<string[]> {
  const seen: string[] = [];
  const script = answering((request) => {
    const lines = request.split('\r\n').filter((line) => /^(x-|forwarded)/i.test(line));
    seen.push(lines.join('\n').replace(/(Port: )\d+/, '$1PORT'));
    return ok('');
  });
  await withBed(script, { trusts: () => trusts }, async (bed) => {
    let count = 0;
    bed.request = (exchange) => fields[count++ % fields.length]?.add(exchange);
    const client = await bed.connect();
    for (const [i, request] of requests.entries()) {
      client.send(`GET / HTTP/1.1\r\n${request}\r\n`);
      await client.until(() => seen.length > i);
    }
  });
  return seen;
}

const lines = (host: string): string =>
  `X-Forwarded-For: 127.0.0.1\nX-Forwarded-Proto: http\nX-Forwarded-Port: PORT\nX-Forwarded-Host: ${host}`;

test('each request of a connection tells its own host, and nothing that a client says of others', async () => {
  const fields = new ProxyFields(told, createNodeRandom());
  const forged = 'X-Forwarded-For: 6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\n';
  const seen = await toldOf(
    [fields],
    ['Host: a\r\n', `Host: b.c:81\r\n${forged}`, `${forged}Host: a\r\n`],
  );
  assert.deepEqual(seen, [lines('a'), lines('b.c:81'), lines('a')]);
});

test('what a trusted client says of others is kept and added to', async () => {
  const fields = new ProxyFields(told, createNodeRandom());
  const says = 'X-Forwarded-For: 10.0.0.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: x\r\n';
  const seen = await toldOf([fields], ['Host: a\r\n', `Host: a\r\n${says}`, 'Host: a\r\n'], true);
  const kept =
    'X-Forwarded-For: 10.0.0.1, 127.0.0.1\nX-Forwarded-Proto: https\nX-Forwarded-Host: x\nX-Forwarded-Port: PORT';
  assert.deepEqual(seen, [lines('a'), kept, lines('a')]);
});

test('RFC 7239: Forwarded beside the others, and settings that change under a connection', async () => {
  const both = new ProxyFields({ ...told, forwarded: true }, createNodeRandom());
  const none = new ProxyFields({ ...told, xForwarded: false }, createNodeRandom());
  const one = new ProxyFields(told, createNodeRandom());
  const request = 'Host: a\r\n';
  const seen = await toldOf(
    [both, none, one],
    [request, `X-Forwarded-For: b\r\n${request}`, request],
  );
  assert.deepEqual(seen, [
    `${lines('a')}\nForwarded: for=127.0.0.1;proto=http;host="a"`,
    '',
    lines('a'),
  ]);
});
