import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultWebHdfs, withBothDoors } from '../../../tests/support/files/both-doors.ts';

test('a change of settings counts at once: superuser, groups, anonymous user, advertised address', async () => {
  await withBothDoors(async ({ webHdfs, ask, endpoint }) => {
    assert.equal((await ask('PUT', '/b', 'MKDIRS&permission=770')).status, 200);
    const list = async (user: string): Promise<number> =>
      (await ask('GET', '/b', 'LISTSTATUS', { user })).status;
    const home = async (): Promise<unknown> =>
      (await fetch(`${endpoint}/webhdfs/v1/?op=GETHOMEDIRECTORY`)).json();
    assert.deepEqual([await list('ann'), await list('root')], [403, 403]);
    assert.deepEqual(await home(), { Path: '/user/dr.who' });
    webHdfs.apply({
      ...defaultWebHdfs(),
      ...{ superuser: 'root', anonymous: 'nobody', advertised: 'files.example:1' },
      users: [{ name: 'ann', groups: ['plinth'] }],
    });
    assert.deepEqual([await list('ann'), await list('root')], [200, 200]);
    assert.deepEqual(await home(), { Path: '/user/nobody' });
    const sent = await ask('PUT', '/b/f', 'CREATE', { redirect: 'manual' });
    assert.match(
      sent.headers.get('location') ?? '',
      /^http:\/\/files\.example:1\/webhdfs\/v1\/b\/f\?/,
    );
  });
});
