/** The store over TLS as plinth.yaml sets it up: redis-cli with and without a certificate, and plain TCP beside it. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { TestAuthority } from '../../../src/core/runtime/node/transport-fixture.ts';
import { requirePeer } from '../../support/peers.ts';
import { type Plinth, startPlinth } from '../../support/plinth.ts';
import { freePort, temporaryFolder } from '../../support/process.ts';
import { type CliRun, redisCli } from '../../support/redis-cli.ts';

const peers = requirePeer('redis-cli', 'openssl');

/** Files of certificates, and the arguments by which redis-cli shows one. */
function makeFiles() {
  const folder = temporaryFolder('plinth-tls');
  const authority = new TestAuthority('Plinth test');
  const stranger = new TestAuthority('Somebody else');
  const file = (name: string, text: string): string => {
    const path = join(folder.path, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const issued = (by: TestAuthority, name: string): [cert: string, key: string] => {
    const { cert, key } = by.issue(name);
    return [file(`${name}.crt`, cert), file(`${name}.key`, key)];
  };
  const show = ([cert, key]: [string, string]): string[] => ['--cert', cert, '--key', key];
  const made = {
    ca: file('ca.crt', authority.cert),
    otherCa: file('other-ca.crt', stranger.cert),
    server: issued(authority, 'localhost'),
    client: show(issued(authority, 'client')),
    stranger: show(issued(stranger, 'stranger')),
    remove: folder.remove,
  };
  authority.remove();
  stranger.remove();
  return made;
}

describe('TLS', peers, () => {
  let files: ReturnType<typeof makeFiles>;
  before(() => {
    files = makeFiles();
  });
  after(() => files.remove());

  /** A store that asks clients for certificates in this way, and redis-cli on its port of TLS. */
  async function secure(
    clients: 'no' | 'optional' | 'required',
  ): Promise<{ plinth: Plinth; cli(...args: string[]): Promise<CliRun> }> {
    const port = await freePort();
    const [cert, key] = files.server;
    const plinth = await startPlinth({
      kv: { tls: { port, cert, key, ca: files.ca, clients } },
    });
    const tls = ['-h', '127.0.0.1', '-p', String(port), '--tls', '--cacert', files.ca];
    return { plinth, cli: (...args) => redisCli([...tls, ...args]) };
  }

  test('a client certificate that the authority signed comes in where one is required, and no other', async () => {
    const { plinth, cli } = await secure('required');
    try {
      const known = await cli(...files.client, 'SET', 'greeting', 'hello over TLS');
      assert.equal(known.out, 'OK\n', known.err);
      const large = 'x'.repeat(100_000);
      assert.equal((await cli(...files.client, 'SET', 'large', large)).out, 'OK\n');
      assert.equal((await cli(...files.client, 'GET', 'large')).out, `${large}\n`);
      for (const shown of [[], files.stranger]) {
        const refused = await cli(...shown, 'GET', 'greeting');
        assert.doesNotMatch(refused.out, /hello/);
        assert.notEqual(refused.code, 0);
      }
      // The refused have harmed nobody, and the plain port goes on beside it.
      const plain = await redisCli(['-p', String(plinth.port), 'GET', 'greeting']);
      assert.equal(plain.out, 'hello over TLS\n');
    } finally {
      await plinth.stop();
    }
  });

  test('where a certificate is optional, clients come in with and without one', async () => {
    const { plinth, cli } = await secure('optional');
    try {
      assert.equal((await cli('PING')).out, 'PONG\n');
      assert.equal((await cli(...files.client, 'PING')).out, 'PONG\n');
      assert.match((await cli('CONFIG', 'GET', 'tls-auth-clients')).out, /\noptional\n/);
    } finally {
      await plinth.stop();
    }
  });

  test('a client that trusts another authority does not speak to the store', async () => {
    const { plinth, cli } = await secure('no');
    try {
      const refused = await cli('--cacert', files.otherCa, 'PING');
      assert.doesNotMatch(refused.out, /PONG/);
      assert.equal((await cli('PING')).out, 'PONG\n');
    } finally {
      await plinth.stop();
    }
  });

  test('a certificate that cannot be read is one sentence and exit code 78', async () => {
    const [, key] = files.server;
    const port = await freePort();
    for (const cert of ['/nowhere/server.crt', key]) {
      await assert.rejects(startPlinth({ kv: { tls: { port, cert, key } } }), (error: Error) => {
        const sentences = error.message.match(/^plinth: .*$/gm) ?? [];
        assert.equal(sentences.length, 1, error.message);
        assert.ok(sentences[0]?.includes(cert) || /certificate|TLS/i.test(sentences[0] ?? ''));
        assert.doesNotMatch(error.message, /internal fault/);
        return true;
      });
    }
  });
});
