/** Ready responses to clients of each version: the same as the same response sent piece by piece. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BedOptions, statuses, withBed } from '../../../../tests/support/http-bed.ts';
import {
  F,
  frame,
  GET,
  HELLO,
  setting,
  T,
  windowUpdate,
} from '../../../../tests/support/http2-frames.ts';
import { bodyAt, found, untilFrame } from '../../../../tests/support/http2-peer.ts';
import { readyOf } from '../../../../tests/support/ready-response.ts';
import { AddedFields, FieldId } from '../../wire/index.ts';
import { HTTP_LIMITS } from './limits.ts';

const added = new AddedFields();
added.set([[FieldId.age, '5']]);
const ready = readyOf(['ETag: "x"'], 'hello');

function bedOf(limits: BedOptions['limits'] = {}): BedOptions {
  return { limits, handler: () => (exchange) => exchange.sendReady(ready, added) };
}

const HEAD = 'Age: 5\r\n';
const REST = 'ETag: "x"\r\nContent-Length: 5\r\n\r\nhello';

test('HTTP/1.1 gets added fields, stored fields and body, and goes on', async () => {
  await withBed(
    () => {},
    bedOf(),
    async (bed) => {
      const client = await bed.connect();
      client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2));
      const response = `HTTP/1.1 200 OK\r\n${HEAD}${REST}`;
      await client.until(() => client.text.length >= 2 * response.length, 'both');
      assert.equal(client.text, response.repeat(2));
      client.send('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
      await client.until(
        () => statuses(client.text).length === 3 && client.text.endsWith(REST),
        'the last',
      );
      assert.equal(
        client.text.slice(2 * response.length),
        `HTTP/1.1 200 OK\r\n${HEAD}Connection: close\r\n${REST}`,
      );
    },
  );
});

test('HTTP/1.0 is told that the connection lasts, and the last request of a connection that it does not', async () => {
  await withBed(
    () => {},
    bedOf({ ...HTTP_LIMITS, requestsMax: 2 }),
    async (bed) => {
      const client = await bed.connect();
      for (const wanted of ['keep-alive', 'close']) {
        client.send('GET / HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n');
        const end = `Connection: ${wanted}\r\n${REST}`;
        await client.until(() => client.text.endsWith(end), wanted);
      }
    },
  );
});

test('HTTP/2 gets it in one head and one frame, or as its window opens', async () => {
  await withBed(
    () => {},
    bedOf(),
    async (bed) => {
      const client = await bed.connect();
      const request = (id: number): Buffer => frame(T.headers, F.endHeaders | F.endStream, id, GET);
      client.send(Buffer.concat([HELLO, request(1)]));
      await untilFrame(client, { type: T.data, id: 1, flag: F.endStream });
      assert.equal(found(client, { type: T.data, id: 1 }).length, 1);
      assert.equal(bodyAt(client, 1).toString(), 'hello');
      client.send(Buffer.concat([setting(4, 2), request(3)]));
      await untilFrame(client, { type: T.data, id: 3 });
      assert.equal(bodyAt(client, 3).toString(), 'he');
      client.send(windowUpdate(3, 100));
      await untilFrame(client, { type: T.data, id: 3, flag: F.endStream });
      assert.equal(bodyAt(client, 3).toString(), 'hello');
      const heads = [1, 3].map((id) =>
        found(client, { type: T.headers, id })[0]?.payload.toString('latin1'),
      );
      for (const head of heads) assert.match(head ?? '', /"x"/);
    },
  );
});
