/** The S3 door by HTTP/2: the authority is what was signed as Host, bodies go both ways, and waiting works. */
import assert from 'node:assert/strict';
import { connect } from 'node:http2';
import { test } from 'node:test';
import { ann, sign, withS3 } from '../../../../tests/support/files/s3-bed.ts';

interface Answered {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly bytes: Buffer;
}

test('objects go there and back by HTTP/2, several at once', async () => {
  await withS3(async (bed) => {
    const client = connect(bed.endpoint);
    const ask = (method: string, path: string, body: Buffer): Promise<Answered> =>
      new Promise((resolve, reject) => {
        const headers: Record<string, string> = { host: `127.0.0.1:${bed.port}` };
        if (method === 'PUT') headers['content-length'] = String(body.length);
        const payload = 'UNSIGNED-PAYLOAD';
        sign({ user: ann, method, path, query: {}, headers, payload, ms: Date.now() });
        const { host, ...others } = headers;
        const stream = client.request({
          ':method': method,
          ':path': path,
          ':authority': host,
          ...others,
        });
        const pieces: Buffer[] = [];
        let head: Record<string, unknown> = {};
        stream.on('response', (fields) => {
          head = fields;
        });
        stream.on('data', (piece: Buffer) => pieces.push(piece));
        stream.on('error', reject);
        stream.on('end', () =>
          resolve({ status: Number(head[':status']), headers: head, bytes: Buffer.concat(pieces) }),
        );
        if (method === 'PUT') stream.end(body);
      });
    try {
      assert.equal((await ask('PUT', '/docs', Buffer.alloc(0))).status, 200);
      const bodies = Array.from({ length: 5 }, (_, i) => Buffer.alloc(700_000 + i, `body ${i} `));
      const puts = await Promise.all(bodies.map((body, i) => ask('PUT', `/docs/${i}`, body)));
      assert.deepEqual(
        puts.map(({ status }) => status),
        [200, 200, 200, 200, 200],
      );
      const gets = await Promise.all(
        bodies.map((_, i) => ask('GET', `/docs/${i}`, Buffer.alloc(0))),
      );
      for (const [i, { bytes }] of gets.entries()) assert.ok(bytes.equals(bodies[i] as Buffer));
      const missing = await ask('GET', '/docs/none', Buffer.alloc(0));
      assert.equal(missing.status, 404);
      assert.match(missing.bytes.toString(), /<Code>NoSuchKey<\/Code>/);
    } finally {
      client.destroy();
    }
  });
});
