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
