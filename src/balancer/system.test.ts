/** The balancer as a whole, in this process: what a change of settings touches and what it leaves alone. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, mock, test } from 'node:test';
import { connect } from 'node:tls';
import { Stages } from '../core/http/index.ts';
import { createMetrics, silentLogger } from '../core/observe/index.ts';
import { createNodeClock, createNodeDisk, createNodeRandom } from '../core/runtime/node/index.ts';
import { TestAuthority } from '../core/runtime/node/transport-fixture.ts';
import type { HttpDoor } from './listeners/http-door.ts';
import { createBalancer } from './system.ts';
import { balancerSettings } from './testing/settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'plinth-balancer-'));
const authority = new TestAuthority('Balancer test');
after(() => {
  authority.remove();
  rmSync(folder, { recursive: true });
});

const cert = join(folder, 'site.crt');
const key = join(folder, 'site.key');
const issue = (name: string): void => {
  const issued = authority.issue(name, 'DNS:site.test');
  writeFileSync(cert, issued.cert);
  writeFileSync(key, issued.key);
};

const settingsOf = (status: number) =>
  balancerSettings(`listeners:
  - name: web
    port: 0
    tls: { certificates: [ { name: site, cert: "${cert}", key: "${key}" } ] }
routes: [ { name: all, respond: ${status} } ]`);

test('certificates are taken over when they were renewed, and by no other change', async () => {
  issue('first');
  const balancer = createBalancer(settingsOf(204), {
    clock: createNodeClock(),
    random: createNodeRandom(),
    disk: createNodeDisk(),
    log: silentLogger(),
    metrics: createMetrics(),
    stages: new Stages(),
  });
  await balancer.start();
  try {
    const door = balancer.doorNamed('web') as HttpDoor;
    const updates = mock.method(door, 'updateTls').mock;
    const { port } = door.listening;
    const shown = async (): Promise<string> => {
      const options = { port, host: '127.0.0.1', ca: authority.cert, servername: 'site.test' };
      const socket = connect(options);
      await once(socket, 'secureConnect');
      const { CN } = socket.getPeerCertificate().subject;
      socket.destroy();
      return String(CN);
    };

    (await balancer.prepare(settingsOf(200))).commit();
    balancer.reopenFiles();
    assert.equal(updates.callCount(), 0, 'contexts made for nothing');

    issue('second');
    (await balancer.prepare(settingsOf(204))).commit();
    assert.equal(updates.callCount(), 1);
    assert.equal(await shown(), 'second');

    issue('third');
    const prepared = await balancer.prepare(settingsOf(200));
    issue('fourth');
    prepared.abort();
    assert.equal(await shown(), 'second', 'the change was taken back');

    balancer.reopenFiles();
    assert.equal(updates.callCount(), 4);
    assert.equal(await shown(), 'fourth');
  } finally {
    await balancer.stop();
  }
});
