/** The name server as clients of DNS meet it: dig, kdig and dnsperf by UDP and TCP. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { startDns } from '../../../src/edge/dns/testing/server.ts';
import { dnsSettings, exampleZone } from '../../../src/edge/dns/testing/settings.ts';
import { requirePeer } from '../../support/peers.ts';
import { temporaryFolder } from '../../support/process.ts';

const many = Array.from({ length: 60 }, (_, at) => `      - many A 192.0.2.${at}`).join('\n');
const zones = exampleZone.replace('    records:\n', `    records:\n${many}\n`);
const dns = await startDns(dnsSettings(`port: 0\nnsid: fra1\nunlimited: [127.0.0.0/8]\n${zones}`));
after(() => dns.server.stop());

const run = promisify(execFile);
const port = `${dns.server.port}`;

async function dig(...args: string[]): Promise<string> {
  const common = ['@127.0.0.1', '-p', port, '+norec', '+tries=1', '+timeout=10'];
  const { stdout } = await run('dig', [...common, ...args], { timeout: 30_000 }).catch(
    // It ends with an error when a server refuses a transfer, and says so.
    (error: { stdout: string }) => error,
  );
  return stdout;
}

async function kdig(...args: string[]): Promise<string> {
  const common = ['@127.0.0.1', '-p', port, '+norec', '+retry=0', '+timeout=10'];
  const { stdout } = await run('kdig', [...common, ...args], { timeout: 30_000 });
  return stdout;
}

const bare = ['+noall', '+answer'];

test('dig finds every type of record', requirePeer('dig'), async () => {
  for (const [question, wanted] of [
    ['mail.example.com A', /^mail\.example\.com\.\s+600\s+IN\s+A\s+192\.0\.2\.25$/m],
    ['mail.example.com AAAA', /AAAA\s+2001:db8::25$/m],
    ['alias.example.com CNAME', /CNAME\s+mail\.example\.com\.$/m],
    ['example.com MX', /MX\s+10 mail\.example\.com\.$/m],
    ['example.com TXT', /TXT\s+"v=spf1 -all"$/m],
    ['example.com NS', /NS\s+ns1\.example\.com\.\n.*NS\s+ns2\.example\.net\.$/m],
    ['example.com CAA', /CAA\s+0 issue "ca\.example"$/m],
    ['_sip._tcp.example.com SRV', /SRV\s+1 2 5060 mail\.example\.com\.$/m],
    ['svc.example.com HTTPS', /HTTPS\s+1 \. alpn="h2" port=8443$/m],
    ['www.example.com HTTPS', /HTTPS\s+1 \. alpn="h2,http\/1\.1" ipv4hint=\S+/m],
    [
      'example.com SOA',
      /SOA\s+ns1\.example\.com\. hostmaster\.example\.com\. 1 7200 900 1209600 60$/m,
    ],
    ['example.com ANY', /HINFO\s+"RFC8482" ""$/m],
  ] as const) {
    assert.match(await dig(...bare, ...question.split(' ')), wanted, question);
  }
});

test('dig is told what is not there, and by whom', requirePeer('dig'), async () => {
  const nothing = await dig('nope.example.com');
  assert.match(nothing, /status: NXDOMAIN/);
  assert.match(nothing, /flags: qr aa;.*ANSWER: 0, AUTHORITY: 1/);
  assert.match(nothing, /example\.com\.\s+60\s+IN\s+SOA/);
  assert.match(await dig('deep.example.com'), /status: NOERROR[\s\S]*ANSWER: 0, AUTHORITY: 1/);
  assert.match(
    await dig('x.sub.example.com'),
    /flags: qr;.*ANSWER: 0, AUTHORITY: 2, ADDITIONAL: 2/,
  );
  assert.match(await dig('www.example.org'), /status: REFUSED/);
  assert.match(await dig('CH', 'TXT', 'version.bind'), /status: REFUSED/);
  assert.match(await dig('example.com', 'AXFR'), /Transfer failed/);
  assert.match(await dig('+opcode=NOTIFY', 'example.com', 'SOA'), /status: NOTIMP/);
  assert.match(await dig('+edns=1', '+noednsneg', 'www.example.com'), /status: BADVERS/);
  assert.match(await dig('+ednsopt=8:0001ff00', '+nocookie', 'www.example.com'), /status: FORMERR/);
});

test('dig is answered by the place of the subnet it names', requirePeer('dig'), async () => {
  for (const [subnet, address, told] of [
    ['198.51.100.0/24', '192.0.2.1', '198.51.100.0/24/24'],
    ['198.51.101.0/24', '192.0.2.2', '198.51.101.0/24/24'],
    ['203.0.113.0/24', '192.0.2.3', '203.0.113.0/24/20'],
    ['2001:db8:1::/48', '192.0.2.1', '2001:db8:1::/48/48'],
  ] as const) {
    const answer = await dig('wWw.eXample.com', `+subnet=${subnet}`);
    assert.match(
      answer,
      new RegExp(`^wWw\\.eXample\\.com\\.\\s+30\\s+IN\\s+A\\s+${address}$`, 'm'),
    );
    assert.ok(answer.includes(`CLIENT-SUBNET: ${told}`), answer);
  }
});

test(
  'dig believes our cookies, and we believe them when they come back',
  requirePeer('dig'),
  async () => {
    const first = await dig('+cookie=0102030405060708', 'mail.example.com');
    const cookie = /COOKIE: ([0-9a-f]{48}) \(good\)/.exec(first)?.[1];
    assert.ok(cookie !== undefined, first);
    assert.match(await dig('+header-only', '+cookie'), /status: NOERROR[\s\S]*COOKIE: .*\(good\)/);
    const before = dns.server.counts.cookies;
    assert.match(await dig(`+cookie=${cookie}`, 'mail.example.com'), /COOKIE: .*\(good\)/);
    assert.equal(dns.server.counts.cookies, before + 1);
  },
);

test('dig comes by TCP for what is too long for UDP', requirePeer('dig'), async () => {
  const cut = await dig('+ignore', '+bufsize=512', 'many.example.com');
  assert.match(cut, /flags: qr aa tc;.*ANSWER: 0/);
  const whole = await dig('+bufsize=512', 'many.example.com');
  assert.match(whole, /\(TCP\)/);
  assert.match(whole, /ANSWER: 60/);
  const names = ['mail', 'alias', 'nope', 'www'].map((name) => `${name}.example.com`);
  const open = await dig('+tcp', '+keepopen', ...names);
  assert.equal(open.match(/status: (NOERROR|NXDOMAIN)/g)?.length, 4);
});

test('kdig agrees', requirePeer('kdig'), async () => {
  const steered = await kdig('www.example.com', '+subnet=203.0.113.0/24', '+nsid', '+bufsize=4096');
  assert.match(steered, /192\.0\.2\.3/);
  assert.match(steered, /CLIENT-SUBNET: 203\.0\.113\.0\/24\/20/);
  assert.match(steered, /NSID: .*"fra1"/);
  assert.match(steered, /UDP size: 1232 B/);
  assert.match(await kdig('+tcp', 'many.example.com'), /ANSWER: 60/);
  assert.match(await kdig('+bufsize=512', '+ignore', 'many.example.com'), /qr aa tc/);
  const cookie = await kdig('+cookie', 'mail.example.com');
  assert.match(cookie, /COOKIE: [0-9A-Fa-f]+/);
  assert.match(await kdig('www.example.com', 'HTTPS'), /1 \. alpn=h2,http\/1\.1 ipv4hint=/);
  assert.match(await kdig('nope.example.com'), /status: NXDOMAIN/);
});

test(
  'texts set at run time are answered, and those of PoPs that fail are not',
  requirePeer('dig'),
  async () => {
    dns.server.setText('_acme-challenge.www.example.com', ['token']);
    assert.match(await dig(...bare, '_acme-challenge.www.example.com', 'TXT'), /TXT\s+"token"/);
    dns.server.setText('_acme-challenge.www.example.com', []);
    assert.match(await dig('_acme-challenge.www.example.com', 'TXT'), /NXDOMAIN/);
    const asked = () => dig('+short', 'www.example.com', '+subnet=203.0.113.0/24');
    dns.health.down.add('sin');
    dns.health.changed();
    assert.equal((await asked()).trim(), '192.0.2.1');
    dns.health.down.clear();
    dns.health.changed();
    assert.equal((await asked()).trim(), '192.0.2.3');
  },
);

test('dnsperf loses nothing, by UDP and TCP', requirePeer('dnsperf'), async () => {
  const { path, remove } = temporaryFolder('plinth-dns');
  after(remove);
  const names = ['www', 'mail', 'chain', 'x.cdn', 'x.wild', 'nope', 'x.sub', 'eu'];
  const file = join(path, 'queries');
  writeFileSync(
    file,
    names
      .flatMap((name) => ['A', 'AAAA', 'TXT'].map((type) => `${name}.example.com ${type}\n`))
      .join(''),
  );
  for (const mode of ['udp', 'tcp']) {
    const args = [
      '-s',
      '127.0.0.1',
      '-p',
      port,
      '-m',
      mode,
      '-d',
      file,
      '-n',
      '100',
      '-c',
      '4',
      '-q',
      '20',
      '-t',
      '20',
    ];
    const { stdout } = await run('dnsperf', args, { timeout: 60_000 });
    assert.match(stdout, /Queries completed:\s+2400 \(100\.00%\)/, mode);
    assert.match(stdout, /Queries lost:\s+0 /, mode);
  }
});
