/** Certificates from Debian's pebble: both challenges, wildcards, renewal, failures, accounts, other PoPs. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Secret } from '../../../src/core/config/index.ts';
import { Link } from '../../../src/edge/acme/testing/link.ts';
import { requirePeer } from '../../support/peers.ts';
import { temporaryFolder } from '../../support/process.ts';
import { Pebble, type PebbleOptions, Pop, type PopOptions } from './acme-bed.ts';

const peer = { ...requirePeer('pebble', 'openssl'), timeout: 90_000 };

/** What stands while a test runs. */
interface Stand {
  readonly pebble: Pebble;
  readonly folder: string;
  /** A PoP that has started; it is stopped in the end if not before. */
  pop(options: Omit<PopOptions, 'pebble' | 'folder'> & { readonly folder?: string }): Promise<Pop>;
}

/** Runs with a pebble, a folder and PoPs that are gone afterwards. */
async function withPebble(
  run: (stand: Stand) => Promise<void>,
  options?: PebbleOptions,
): Promise<void> {
  const pebble = new Pebble(options);
  const folder = temporaryFolder('plinth-acme-e2e');
  const pops: Pop[] = [];
  const pop: Stand['pop'] = async ({ folder: below = '.', ...more }) => {
    const made = new Pop({ ...more, pebble, folder: join(folder.path, below) });
    pops.push(made);
    await made.start();
    return made;
  };
  try {
    await pebble.start();
    await run({ pebble, folder: folder.path, pop });
  } finally {
    for (const each of pops) await each.stop();
    await pebble.stop();
    folder.remove();
  }
}

/** Who has signed the last certificate of the chain that a PoP has. */
function issuerOf(pop: Pop): string {
  return new X509Certificate(chainOf(pop).at(-1) as string).issuer;
}

function chainOf(pop: Pop): string[] {
  const { cert } = pop.certificates.pathsOf('site');
  return readFileSync(cert, 'utf8').match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? [];
}

/** The certificate on disk, which must chain to the authority of now. */
async function checked(pop: Pop, pebble: Pebble): Promise<X509Certificate> {
  const { key } = pop.certificates.pathsOf('site');
  const [leaf, intermediate] = chainOf(pop).map((text) => new X509Certificate(text));
  const root = new X509Certificate(await pebble.root());
  assert.ok(leaf !== undefined && intermediate !== undefined);
  assert.ok(leaf.verify(intermediate.publicKey) && intermediate.verify(root.publicKey));
  assert.match(readFileSync(key, 'utf8'), /PRIVATE KEY/);
  return leaf;
}

test(
  'http-01: a certificate for all hosts; renewal after two thirds, with the same account',
  peer,
  () =>
    withPebble(async ({ pebble, folder, pop }) => {
      const site = await pop({ hosts: ['shop.test', 'www.shop.test'] });
      const first = await site.renewed();
      const leaf = await checked(site, pebble);
      assert.equal(leaf.subjectAltName, 'DNS:shop.test, DNS:www.shop.test');
      assert.equal(leaf.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1');
      assert.ok(site.challenges.answered >= 2);
      const account = readFileSync(join(folder, '_account.json'), 'utf8');

      const { notBeforeMs = 0, notAfterMs = 0 } = site.keeping.signed ?? {};
      site.aheadMs = ((notAfterMs - notBeforeMs) * 2) / 3 - 60_000;
      site.certificates.look();
      assert.equal(site.certificates.counts.renewals, 1);
      site.aheadMs += 120_000;
      site.certificates.look();
      await site.renewed(first);
      await checked(site, pebble);
      assert.equal(site.certificates.counts.renewals, 2);
      assert.equal(readFileSync(join(folder, '_account.json'), 'utf8'), account);
    }),
);

test('dns-01: a wildcard beside its domain, two texts under one name, gone afterwards', peer, () =>
  withPebble(async ({ pebble, pop }) => {
    const { dns } = pebble;
    // Nobody listens: HTTP plays no part, and the setting is for the name without a wildcard.
    const settings = { challenge: 'dns-01' } as const;
    const hosts = ['*.shop.test', 'shop.test'];
    const site = await pop({ hosts, settings, records: dns, listens: false });
    await site.renewed();
    const leaf = await checked(site, pebble);
    assert.equal(leaf.subjectAltName, 'DNS:*.shop.test, DNS:shop.test');
    assert.ok(dns.asked.includes('_acme-challenge.shop.test'));
    assert.equal(dns.texts.size, 0);
  }),
);

test('both challenges in one order: the wildcard by DNS, the rest by HTTP; rsa', peer, () =>
  withPebble(async ({ pebble, pop }) => {
    const settings = { keyType: 'rsa-2048' } as const;
    const site = await pop({ hosts: ['*.shop.test', 'shop.test'], settings, records: pebble.dns });
    await site.renewed();
    const leaf = await checked(site, pebble);
    assert.equal(leaf.publicKey.asymmetricKeyDetails?.modulusLength, 2048);
    assert.ok(site.challenges.answered >= 1 && pebble.dns.asked.length >= 1);
  }),
);

test('a wildcard where no name server is ours: said so', peer, () =>
  withPebble(async ({ pop }) => {
    const site = await pop({ hosts: ['*.shop.test'] });
    const { code, says } = await site.failed();
    assert.equal(code, 'no-challenge');
    assert.match(says, /\*\.shop\.test needs dns-01/);
  }),
);

test(
  "a wrong answer: the authority's reason, a rest, the placeholder in place; then put right",
  peer,
  () =>
    withPebble(async ({ pebble, pop }) => {
      const { dns } = pebble;
      const settings = { challenge: 'dns-01' } as const;
      let isWrong = true;
      const records = {
        setText: (name: string, values: readonly string[]) =>
          dns.setText(name, isWrong ? values.map(() => 'something else') : values),
      };
      const site = await pop({ hosts: ['shop.test'], settings, records });
      const { code, says } = await site.failed();
      assert.equal(code, 'challenge-failed');
      assert.match(says, /shop\.test by dns-01: unauthorized/);
      assert.equal(site.keeping.signed, undefined);
      assert.equal(site.keeping.held?.facts.isOwn, true);
      const restMs = site.keeping.dueAtMs() - Date.now();
      assert.ok(restMs > 30_000 && restMs < 80_000, `${restMs}`);
      site.certificates.look();
      assert.equal(site.keeping.isBusy, false);
      isWrong = false;
      site.keeping.lastFailure = undefined;
      site.aheadMs = 90_000;
      site.certificates.look();
      await site.renewed();
      assert.equal(site.keeping.course.failures, 0);
      await checked(site, pebble);
    }),
);

test('an authority that is not there or not trusted: unreachable, and why', peer, () =>
  withPebble(async ({ pebble, pop }) => {
    const hosts = ['shop.test'];
    const settings = { directoryCa: undefined };
    const stranger = await pop({ hosts, settings, listens: false, folder: 'stranger' });
    const untrusted = await stranger.failed();
    assert.equal(untrusted.code, 'unreachable');
    assert.match(untrusted.says, /certificate/);
    await pebble.kill();
    const later = await pop({ hosts });
    const gone = await later.failed();
    assert.equal(gone.code, 'unreachable');
    assert.match(gone.says, /ECONNREFUSED/);
  }),
);

test(
  'a restart: certificate and account stay; an authority that has forgotten us is told again',
  peer,
  () =>
    withPebble(async ({ pebble, folder, pop }) => {
      const hosts = ['shop.test'];
      const before = await pop({ hosts });
      const first = await before.renewed();
      await before.stop();
      const account = (): { key: string; url: string } =>
        JSON.parse(readFileSync(join(folder, '_account.json'), 'utf8'));
      const known = account();

      const after = await pop({ hosts });
      assert.equal(after.keeping.signed?.fingerprint256, first);
      after.certificates.renew('site');
      const second = await after.renewed(first);
      assert.deepEqual(account(), known);
      assert.equal(after.certificates.counts.renewals, 1);

      await pebble.kill();
      await pebble.start();
      after.certificates.renew('site');
      await after.renewed(second);
      await checked(after, pebble);
      assert.equal(account().key, known.key);
    }),
);

test(
  'an external account: bound by its key; without it, refused in the words of the authority',
  peer,
  () => {
    const key = Buffer.alloc(32, 'external').toString('base64url');
    return withPebble(
      async ({ pop }) => {
        const hosts = ['shop.test'];
        const unbound = await pop({ hosts, folder: 'unbound' });
        const { code, says } = await unbound.failed();
        await unbound.stop();
        assert.equal(code, 'refused');
        assert.match(says, /externalAccountRequired/);
        const settings = { eabKeyId: 'kid-7', eabHmacKey: new Secret(key) };
        await (await pop({ hosts, settings })).renewed();
      },
      { external: { 'kid-7': key } },
    );
  },
);

test('of several chains the one with the issuer that is preferred', peer, () =>
  withPebble(
    async ({ pebble, pop }) => {
      const hosts = ['shop.test'];
      const issuers: string[] = [];
      for (const number of [0, 1]) {
        const root = new X509Certificate(await pebble.root(number));
        const preferredChain = root.subject.replace('CN=', '');
        const site = await pop({ hosts, settings: { preferredChain }, folder: `${number}` });
        await site.renewed();
        await site.stop();
        issuers.push(issuerOf(site));
        assert.equal(issuerOf(site), root.subject);
      }
      assert.notEqual(issuers[0], issuers[1]);
    },
    { env: { PEBBLE_ALTERNATE_ROOTS: '1' } },
  ),
);

test(
  'an authority that comes to another PoP is answered there, and that PoP gets the certificate',
  peer,
  () =>
    withPebble(async ({ pebble, pop }) => {
      const link = new Link();
      const hosts = ['shop.test'];
      const answering = await pop({
        ...{ hosts, coordinates: false, name: 'fra', folder: 'fra', sharing: link.end() },
      });
      const asking = await pop({
        ...{ hosts, listens: false, name: 'ams', folder: 'ams', sharing: link.end() },
      });
      const fingerprint = await asking.renewed();
      assert.equal(await answering.renewed(), fingerprint);
      assert.equal(asking.challenges.answered, 0);
      assert.ok(answering.challenges.answered >= 1);
      await checked(answering, pebble);
    }),
);
