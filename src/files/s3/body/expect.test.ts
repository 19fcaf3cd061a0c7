/** Who waits for 100 before an empty body: botocore does, and takes a final answer for that of its next request too. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { type S3Bed, withS3 } from '../../../../tests/support/files/s3-bed.ts';

/** All that comes until the door closes the connection. */
function talk(bed: S3Bed, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(bed.port, '127.0.0.1');
    let heard = '';
    socket.setTimeout(8000, () => socket.destroy(new Error(`did not end: ${heard}`)));
    socket.on('data', (piece: Buffer) => {
      heard += piece.toString('latin1');
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(heard));
    socket.write(text);
  });
}

function put(path: string, lengthBytes: number, more = ''): string {
  return `PUT ${path} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: ${lengthBytes}\r\n${more}\r\n`;
}

function statuses(heard: string): string[] {
  return [...heard.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map((match) => match[1] as string);
}

test('100 comes before the answer to an empty body, be it good or bad', async () => {
  await withS3(async (bed) => {
    await bed.ask('PUT', '/docs', { headers: { 'x-amz-acl': 'public-read-write' } });
    const close = 'Connection: close\r\n';
    assert.deepEqual(statuses(await talk(bed, put('/docs/k', 0, close))), ['100', '200']);
    assert.deepEqual(statuses(await talk(bed, put('/nobody/k', 0, close))), ['100', '404']);
    const both = put('/docs/k', 0) + put('/docs/k', 1, close);
    assert.deepEqual(statuses(await talk(bed, `${both}x`)), ['100', '200', '100', '200']);
    // With a body that nobody takes the connection ends, and the client must not send it.
    const refused = await talk(bed, put('/nobody/k', 1));
    assert.deepEqual(statuses(refused), ['404']);
    assert.match(refused, /connection: close/i);
  });
});
