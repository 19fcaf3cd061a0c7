/** What a client and a server of HTTP/1 see of each other through the proxy. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answering, ok, statuses, withBed } from '../../../tests/support/http-bed.ts';

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
