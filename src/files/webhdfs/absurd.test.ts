/** Absurd requests reach every operation: each is answered, by both doors ever after, and nothing ends the process. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { withBothDoors } from '../../../tests/support/files/both-doors.ts';
import { root } from '../../../tests/support/files/s3-bed.ts';
import { operations } from './operations/table.ts';

const PATHS = [
  ...['/', '/b', '/b/f', '/b/d', '/b/d/none', '/b/f/below', '/b/%2500f:f', '/b/%2500e:'],
  ...[
    '/b/.snapshot',
    '/b/.snapshot/s1',
    '/b/.snapshot/s1/f',
    '/.snapshot',
    '/b/.snapshot/.snapshot',
  ],
];
const odd = [...PATHS, '', '/b/%00', '/b/../x', '/b/%ff', '/%2500'];
const VALUES = [
  ...['', '0', '1', '-1', '777', 'true', 'user.a', 'trusted.a', 'CREATE', 'rwx', '%00', '%ff'],
  ...['s1', '.', '/b/.snapshot/s1/f'],
  ...['9223372036854775807', '9007199254740991', '1048577', '/b/g', '/b/f,/b/f', 'OVERWRITE', 'x'],
];

test('no request to an operation ends the process or hangs', async () => {
  await withBothDoors(async ({ endpoint, s3, ask }) => {
    await ask('PUT', '/b/d', 'MKDIRS');
    await ask('PUT', '/b/f', 'CREATE', { body: 'hello' });
    await ask('PUT', '/b', 'ALLOWSNAPSHOT');
    await ask('PUT', '/b', 'CREATESNAPSHOT&snapshotname=s1');
    const request = fc.constantFrom(...operations).chain((row) => {
      const names = [...Object.keys(row.parameters), 'data', 'user.name'];
      const pair = fc.tuple(fc.constantFrom(...names), fc.constantFrom(...VALUES));
      return fc.record({
        row: fc.constant(row),
        path: fc.constantFrom(...odd),
        pairs: fc.array(pair, { maxLength: 4 }),
        body: fc.boolean(),
      });
    });
    await fc.assert(
      fc.asyncProperty(request, async ({ row, path, pairs, body }) => {
        const query = pairs.map(([name, value]) => `&${name}=${value}`).join('');
        const got = await fetch(
          `${endpoint}/webhdfs/v1${path}?op=${row.op}${query}&user.name=plinth`,
          {
            method: row.method,
            ...(body && row.method !== 'GET' && { body: 'some bytes' }),
          },
        );
        const said = await got.text();
        const wanted = new Set([200, 201, 400, 401, 403, 404]);
        assert.ok(wanted.has(got.status), `${got.status} ${said}`);
        if (got.status >= 400) assert.match(said, /^\{"RemoteException":\{"exception":"\w+"/);
      }),
      { numRuns: 400 },
    );
    const listed = await s3.ask('GET', '/b', { user: root });
    assert.ok([200, 404].includes(listed.status), listed.text);
    assert.equal((await ask('GET', '/', 'LISTSTATUS')).status, 200);
  });
});
