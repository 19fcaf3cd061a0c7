/** Requests that do not come to the handler, answered in the manner of the listener. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BedOptions, statuses, withBed } from '../../../../tests/support/http-bed.ts';
import { frame, HELLO, post, T } from '../../../../tests/support/http2-frames.ts';
import { bodyAt, untilFrame } from '../../../../tests/support/http2-peer.ts';

const options: BedOptions = {
  limits: { bodyBytes: 4, bodyStallMs: 5_000 },
  refusalAnswer: ({ request }, { status, says }) => ({
    status: status === 408 ? 400 : status,
    contentType: 'text/own',
    body: Buffer.from(`${request.method} ${request.path()}: ${says}\n`),
    otherFields: [['x-own', 'yes']],
  }),
  handler: () => (exchange) => {
    exchange.receive({ data: () => true, end: () => {}, flush: () => {}, abort: () => {} });
  },
};

test('a refusal is answered as the listener has it, with what is known of the request', async () => {
  await withBed(
    () => {},
    options,
    async (bed) => {
      const cases: readonly [request: string, answer: RegExp][] = [
        [
          'PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n',
          /^HTTP\/1\.1 413 .*text\/own\r\n.*\r\nx-own: yes\r\n.*\r\n\r\n\d+ \/a: The body .*\n$/is,
        ],
        // What could not be read says nothing of itself.
        [
          'GET /a HTTP/1.1\r\n\r\n',
          /^HTTP\/1\.1 400 .*text\/own.*\r\n\r\n\d+ \/: The Host .*\n$/is,
        ],
      ];
      for (const [request, expected] of cases) assert.match(await bed.ask(request), expected);
      const slow = await bed.connect();
      slow.send('PUT /b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n1');
      await slow.until(() => bed.http.listener.connections > 0);
      await bed.pass(8_000);
      await slow.untilText('/b: Nothing came');
      assert.deepEqual(statuses(slow.text), ['400']);
    },
  );
});

test('so is one of HTTP/2, on its stream', async () => {
  await withBed(
    () => {},
    options,
    async (bed) => {
      const client = await bed.connect();
      client.send(Buffer.concat([HELLO, post(1), frame(T.data, 0, 1, Buffer.from('12345'))]));
      await untilFrame(client, { type: T.data, id: 1 });
      assert.match(bodyAt(client, 1).toString(), /^\d+ \/.*: The body of the message is larger/);
    },
  );
});
