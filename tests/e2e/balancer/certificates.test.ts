/** Certificates that are renewed in place: SIGHUP takes them, open connections stay, broken ones are not taken. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { TestAuthority } from '../../../src/core/runtime/node/transport-fixture.ts';
import { startOperated } from '../../support/balancer/operator.ts';
import { requirePeer } from '../../support/peers.ts';
import { temporaryFolder, waitUntil } from '../../support/process.ts';

test('a certificate renewed in place is shown after SIGHUP', requirePeer('openssl'), async () => {
  const authority = new TestAuthority('Plinth test');
  const folder = temporaryFolder('plinth-certificates');
  const cert = join(folder.path, 'site.crt');
  const key = join(folder.path, 'site.key');
  const write = (name: string): void => {
    const issued = authority.issue(name, 'DNS:site.test');
    writeFileSync(cert, issued.cert);
    writeFileSync(key, issued.key);
  };
  write('old');
  const operator = await startOperated(`  listeners:
    - name: web
      port: 0
      tls: { certificates: [ { name: site, cert: "${cert}", key: "${key}" } ] }
  routes:
    - { name: all, respond: 204 }
`);
  try {
    const port = await operator.port('web');
    const options = { port, host: '127.0.0.1', ca: authority.cert, servername: 'site.test' };
    const shown = async (): Promise<string> => {
      const socket = connect(options);
      await once(socket, 'secureConnect');
      const { CN } = socket.getPeerCertificate().subject;
      socket.destroy();
      return String(CN);
    };
    const session = connectHttp2(`https://127.0.0.1:${port}`, options);
    const ask = async (): Promise<unknown> => {
      const stream = session.request({ ':path': '/' });
      const [head] = await once(stream, 'response');
      return (head as Record<string, unknown>)[':status'];
    };
    assert.equal(await ask(), 204);
    assert.equal(await shown(), 'old');

    write('new');
    process.kill(operator.pid, 'SIGHUP');
    await waitUntil('the new certificate', async () => (await shown()) === 'new');
    assert.equal(await ask(), 204);

    writeFileSync(cert, 'no certificate');
    process.kill(operator.pid, 'SIGHUP');
    await waitUntil('the complaint', () =>
      operator.child.output().includes('certificates can not be read anew'),
    );
    assert.equal(await shown(), 'new');
    assert.equal(await ask(), 204);
    session.destroy();
  } finally {
    await operator.stop();
    authority.remove();
    folder.remove();
  }
});
