/** A listener of the balancer on certificates by ACME: renewal under open connections, and sessions across PoPs. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { join } from 'node:path';
import { test } from 'node:test';
import { Balancer } from '../../../src/balancer/index.ts';
import { balancerSettings } from '../../../src/balancer/testing/settings.ts';
import { Stages } from '../../../src/core/http/index.ts';
import { createMetrics, silentLogger } from '../../../src/core/observe/index.ts';
import {
  createNodeClock,
  createNodeDisk,
  createNodeRandom,
} from '../../../src/core/runtime/node/index.ts';
import { requirePeer } from '../../support/peers.ts';
import { temporaryFolder, waitUntil } from '../../support/process.ts';
import { Pebble, Pop } from './acme-bed.ts';

/** `openssl s_client`, which stays connected until it is let go. */
class SClient {
  readonly child;
  output = '';

  constructor(port: number, servername: string) {
    const args = ['s_client', '-connect', `127.0.0.1:${port}`, '-servername', servername];
    this.child = spawn('openssl', [...args, '-alpn', 'http/1.1'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    this.child.stdout.on('data', (chunk: Buffer) => {
      this.output += chunk.toString();
    });
  }

  /** Who has signed what it was shown. */
  async issuer(): Promise<string> {
    await waitUntil('a handshake', () => this.output.includes('\n---\n'));
    return /issuer=(.*)/.exec(this.output)?.[1] ?? '';
  }

  async ask(): Promise<string> {
    const before = this.output.length;
    this.child.stdin.write('GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n');
    await waitUntil('an answer', () => /HTTP\/1.1 \d+/.test(this.output.slice(before)));
    return /HTTP\/1.1 (\d+)/.exec(this.output.slice(before))?.[1] ?? '';
  }

  async end(): Promise<void> {
    this.child.kill();
    await once(this.child, 'close');
  }
}

test('openssl and HTTP/2: new connections are shown the new certificate, old ones go on with theirs', {
  ...requirePeer('pebble', 'openssl'),
  timeout: 90_000,
}, async () => {
  const pebble = new Pebble();
  const folder = temporaryFolder('plinth-acme-listener');
  let balancer: Balancer | undefined;
  let pop: Pop | undefined;
  const clients: SClient[] = [];
  const shake = (port: number): SClient => {
    const client = new SClient(port, 'shop.test');
    clients.push(client);
    return client;
  };
  try {
    await pebble.start();
    pop = new Pop({
      ...{ pebble, folder: join(folder.path, 'acme'), hosts: ['shop.test'], coordinates: false },
      onRenewed: () => balancer?.reopenFiles(),
    });
    const { cert, key } = pop.certificates.pathsOf('site');
    await pop.start();
    balancer = new Balancer(
      balancerSettings(`listeners:
  - name: web
    port: 0
    tls: { certificates: [ { name: site, cert: "${cert}", key: "${key}" } ] }
routes:
  - { name: all, respond: 204 }`),
      {
        clock: createNodeClock(),
        random: createNodeRandom(),
        disk: createNodeDisk(),
        log: silentLogger(),
        metrics: createMetrics(),
        stages: new Stages(),
      },
    );
    await balancer.start();
    const port = balancer.status().listening[0]?.port ?? 0;
    const before = shake(port);
    assert.match(await before.issuer(), /no certificate yet/);

    pop.coordinates = true;
    pop.certificates.look();
    const first = await pop.renewed();
    const early = shake(port);
    assert.match(await early.issuer(), /Pebble Intermediate CA/);
    assert.equal(await before.ask(), '204');
    const session = connectHttp2(`https://127.0.0.1:${port}`, {
      ca: await pebble.root(),
      servername: 'shop.test',
    });
    const ask = async (): Promise<unknown> => {
      const stream = session.request({ ':path': '/', ':authority': 'shop.test' });
      const [head] = await once(stream, 'response');
      stream.resume();
      return (head as Record<string, unknown>)[':status'];
    };
    assert.equal(await ask(), 204);
    assert.equal(await early.ask(), '204');

    pop.certificates.renew('site');
    await pop.renewed(first);
    const certificateOf = (client: SClient): string =>
      /-----BEGIN CERTIFICATE-----[^-]+/.exec(client.output)?.[0] ?? '';
    const later = shake(port);
    await later.issuer();
    assert.notEqual(certificateOf(later), '');
    assert.notEqual(certificateOf(later), certificateOf(early));
    assert.equal(await later.ask(), '204');
    assert.equal(await early.ask(), '204');
    assert.equal(await ask(), 204);
    assert.equal(session.destroyed, false);
    session.destroy();
  } finally {
    for (const client of clients) await client.end();
    await balancer?.stop();
    await pop?.stop();
    await pebble.stop();
    folder.remove();
  }
});
