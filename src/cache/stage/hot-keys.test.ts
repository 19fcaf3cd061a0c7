import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HEAD_LIMITS, parseRequestHead, RequestHead } from '../../core/wire/index.ts';
import { DEFAULT_KEY_RULE, KeyMaker } from '../key/index.ts';
import { TestCache } from '../testing/test-cache.ts';
import { HotKeys } from './hot-keys.ts';

function requestOf(wanted: string, host: string): RequestHead {
  const bytes = Buffer.from(`GET ${wanted} HTTP/1.1\r\nHost: ${host}\r\n\r\n`, 'latin1');
  const request = new RequestHead();
  assert.equal(parseRequestHead(request, bytes, 0, bytes.length, HEAD_LIMITS), bytes.length);
  return request;
}

const target = fc.oneof(
  fc.constantFrom('/', '/a', '/%61', '/a?', '/a?b', '/A', '/a%2f', '/a%2F', 'http://other.test/a'),
  fc.integer({ min: 10, max: 19 }).map((number) => `/each/${number}`),
  fc.integer({ min: 126, max: 128 }).map((length) => `/${'x'.repeat(length)}`),
);

const step = fc.record({
  kind: fc.constantFrom('ask', 'ask', 'ask', 'remove', 'store', 'store', 'rule'),
  target,
  encrypted: fc.boolean(),
  host: fc.constantFrom('one.test', 'two.test', 'ONE.test:80'),
});

test('what is found by its bytes is what is stored under its key, whatever comes, goes and changes', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 30, maxLength: 200 }), (steps) => {
      const cache = new TestCache();
      const space = cache.objects.space('test');
      const makers = [DEFAULT_KEY_RULE, { ...DEFAULT_KEY_RULE, ignoreCase: true }].map(
        (rule) => new KeyMaker(rule),
      );
      let keys = makers[0] as KeyMaker;
      const hot = new HotKeys(4);
      for (const { kind, target: wanted, encrypted, host } of steps) {
        if (kind === 'rule') keys = makers[makers.indexOf(keys) ^ 1] as KeyMaker;
        const request = requestOf(wanted, host);
        const key = keys.keyOf(request, encrypted);
        const resource = cache.objects.find(space, key);
        const [newest] = resource?.newest == null ? [] : [resource.newest];
        if (kind === 'remove' && newest !== undefined) cache.objects.remove(newest);
        else if (kind === 'store') {
          const stored = cache.objects.begin(cache.objects.resourceOf(space, key));
          stored.beginBody(0);
          stored.finish();
          cache.objects.add(stored);
        }
        const listed = cache.objects.find(space, key);
        const found = hot.find(keys, request, encrypted);
        if (found !== null) assert.equal(found, listed);
        else if (listed !== undefined) {
          hot.note(request, listed);
          if (listed.newest !== null && keys === makers[0] && wanted.length <= 20) {
            assert.equal(hot.find(keys, request, encrypted), listed);
          }
        }
      }
    }),
    { numRuns: 60 },
  );
});
