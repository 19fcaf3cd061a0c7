import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pinnedBytes } from '../../../../tests/support/pinned-bytes.ts';
import type { Exchange } from '../../../core/http/index.ts';
import { Client } from '../../client.ts';
import { IncomingBody } from './incoming.ts';

test('bodies that nobody asks for: they hold their bytes, not the blocks those were copied into', () => {
  const bodies: IncomingBody[] = [];
  const pinned = pinnedBytes(200, (i) => {
    const body = new IncomingBody(new Client({ bodyEnded: false } as Exchange));
    assert.equal(body.data(Buffer.alloc(i + 1), false), true);
    bodies.push(body);
  });
  assert.equal(bodies.length, 200);
  assert.ok(pinned < 200 * 1024, `${pinned} bytes are held`);
});
