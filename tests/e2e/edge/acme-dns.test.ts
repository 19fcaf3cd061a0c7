/** A wildcard by the name server of the network: challenges of one PoP are answered by the names of another. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Link } from '../../../src/edge/acme/testing/link.ts';
import { startDns } from '../../../src/edge/dns/testing/server.ts';
import { dnsSettings } from '../../../src/edge/dns/testing/settings.ts';
import { requirePeer } from '../../support/peers.ts';
import { temporaryFolder } from '../../support/process.ts';
import { Pebble, Pop } from './acme-bed.ts';

const peer = { ...requirePeer('pebble', 'openssl'), timeout: 90_000 };

const zones = `
port: 0
listen: ['127.0.0.1']
zones:
  - name: main
    zone: shop.test
    name_servers: [ns1]
    records:
      - ns1 A 127.0.0.1
      - '@ A 127.0.0.1'
`;

test(
  'a wildcard by dns-01: texts stand in the name server of a PoP that asks for nothing',
  peer,
  async () => {
    const { server } = await startDns(dnsSettings(zones));
    const pebble = new Pebble({ dnsPort: server.port });
    const folder = temporaryFolder('plinth-acme-dns');
    const link = new Link();
    const hosts = ['*.shop.test', 'shop.test'];
    const pops: Pop[] = [];
    // The authority asks the name server of the first PoP; the second one places the order.
    const make = (name: string, coordinates: boolean): Pop => {
      const pop = new Pop({
        ...{ pebble, hosts, name, coordinates, listens: false, sharing: link.end() },
        folder: join(folder.path, name),
        settings: { challenge: 'dns-01' },
        records: coordinates ? { setText() {} } : server,
      });
      pops.push(pop);
      return pop;
    };
    try {
      await pebble.start();
      const naming = make('ams', false);
      const asking = make('fra', true);
      await naming.start();
      await asking.start();
      const fingerprint = await asking.renewed();
      assert.equal(await naming.renewed(), fingerprint);
      assert.deepEqual(naming.keeping.signed?.names, hosts);
      const texts = server.explain('_acme-challenge.shop.test', 'TXT', '127.0.0.1');
      assert.match(JSON.stringify(texts), /NXDOMAIN|name-error|no such name|nxdomain/i);
    } finally {
      for (const pop of pops) await pop.stop();
      await server.stop();
      await pebble.stop();
      folder.remove();
    }
  },
);

test('a name in no zone of ours: the reason is that of the name server', peer, async () => {
  const { server } = await startDns(dnsSettings(zones));
  const pebble = new Pebble({ dnsPort: server.port });
  const folder = temporaryFolder('plinth-acme-dns');
  let pop: Pop | undefined;
  try {
    await pebble.start();
    pop = new Pop({
      ...{ pebble, folder: folder.path, hosts: ['*.elsewhere.test'], listens: false },
      records: server,
    });
    await pop.start();
    const { code, says } = await pop.failed();
    assert.equal(code, 'no-challenge');
    assert.match(says, /_acme-challenge\.elsewhere\.test is in no zone/);
  } finally {
    await pop?.stop();
    await server.stop();
    await pebble.stop();
    folder.remove();
  }
});
