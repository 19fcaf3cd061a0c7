import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { defaultWebHdfs, withBothDoors } from '../../../tests/support/files/both-doors.ts';
import { TestAuthority } from '../../core/runtime/node/transport-fixture.ts';

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

interface Answer {
  readonly status: number;
  readonly location: string;
  readonly text: string;
}

function askTls(port: number, method: string, target: string, ca: string, body = '') {
  return new Promise<Answer>((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', servername: 'localhost', port, method, path: target, ca, agent: false },
      async (answer) => {
        let text = '';
        for await (const piece of answer) text += String(piece);
        resolve({ status: answer.statusCode ?? 0, location: answer.headers.location ?? '', text });
      },
    );
    asked.on('error', reject);
    asked.end(body);
  });
}

test('over TLS redirects are to https, and a certificate that can not be read changes nothing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-webhdfs-tls-'));
  const authority = new TestAuthority('files authority');
  try {
    const { cert, key } = authority.issue('localhost');
    const own = { name: 'own', cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
    writeFileSync(own.cert, cert);
    writeFileSync(own.key, key);
    const tls = { ...defaultWebHdfs().tls, certificates: [own] };
    await withBothDoors(
      async ({ webHdfs }) => {
        assert.equal(webHdfs.listening.protocol, 'WebHDFS over TLS');
        const { port } = webHdfs.listening;
        const target = '/webhdfs/v1/b/f?op=CREATE&user.name=plinth';
        const sent = await askTls(port, 'PUT', target, authority.cert);
        assert.equal(sent.status, 307);
        assert.match(sent.location, /^https:\/\//);
        const { pathname, search } = new URL(sent.location);
        const stored = await askTls(port, 'PUT', pathname + search, authority.cert, 'hello');
        assert.equal(stored.status, 201);
        const open = '/webhdfs/v1/b/f?op=OPEN&user.name=plinth&data=true';
        assert.equal((await askTls(port, 'GET', open, authority.cert)).text, 'hello');
        const none = { ...own, cert: join(folder, 'none.pem') };
        assert.throws(
          () => webHdfs.apply({ ...defaultWebHdfs(), tls: { ...tls, certificates: [none] } }),
          {
            code: 'tls-invalid',
          },
        );
        assert.equal((await askTls(port, 'GET', open, authority.cert)).text, 'hello');
      },
      { tls },
    );
  } finally {
    authority.remove();
    rmSync(folder, { recursive: true, force: true });
  }
});
