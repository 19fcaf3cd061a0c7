import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ListenError, type TlsOptions } from '../../core/runtime/index.ts';
import { createSimClock, createSimRandom, SimDisk } from '../../core/runtime/sim/index.ts';
import { writeFileAtomic } from '../../core/store/index.ts';
import type { ListenerSettings } from '../config/config.ts';
import { balancerSettings } from '../testing/settings.ts';
import { tlsOfListener } from '../tls-files.ts';
import { renewTls, type TlsDoor } from './tls-door.ts';

const listenerOf = (tls: string): ListenerSettings => {
  const text = `listeners:\n  - name: web\n    port: 0\n    ${tls}\nroutes: [ { name: all, respond: 204 } ]`;
  return balancerSettings(text).listeners[0] as ListenerSettings;
};
const SITE = 'tls: { certificates: [ { name: site, cert: /tls/site.crt, key: /tls/site.key } ]';
const settings = listenerOf(`${SITE} }`);
const plain = listenerOf('protocol: http');

function setUp(): {
  disk: SimDisk;
  door: TlsDoor;
  given: string[];
  write(name: string, text: string): void;
} {
  const disk = new SimDisk(createSimClock(), createSimRandom(1));
  disk.mkdirSync('/tls');
  const write = (name: string, text: string): void =>
    writeFileAtomic(disk, `/tls/${name}`, Buffer.from(text));
  write('site.crt', 'certificate 1');
  write('site.key', 'key 1');
  const given: string[] = [];
  const door = {
    tls: tlsOfListener(disk, settings, null),
    updateTls(tls: TlsOptions) {
      if (String(tls.cert) === 'broken') throw new ListenError('tls-invalid', 'web', 'broken');
      given.push(String(tls.cert));
      door.tls = tls;
    },
  } as { tls: TlsOptions | undefined } & TlsDoor;
  return { disk, door, given, write };
}

test('settings and files that say the same: no context is made', () => {
  const { disk, door, given, write } = setUp();
  assert.equal(renewTls(door, disk, settings, null), undefined);
  write('site.crt', 'certificate 1');
  write('other.crt', 'certificate 1');
  const moved = listenerOf(
    `${SITE.replace('site.crt', 'other.crt')} }\n    limits: { connections: 7 }`,
  );
  assert.equal(renewTls(door, disk, moved, null), undefined);
  assert.deepEqual(given, []);
});

test('a file that was renewed, or another setting: taken over, and taken back without a look at files', () => {
  const { disk, door, given, write } = setUp();
  write('site.crt', 'certificate 2');
  const back = renewTls(door, disk, settings, null);
  assert.equal(renewTls(door, disk, settings, null), undefined);
  write('site.crt', 'certificate 3');
  back?.();
  assert.deepEqual(given, ['certificate 2', 'certificate 1']);
  assert.notEqual(renewTls(door, disk, listenerOf(`${SITE}, http2: false }`), null), undefined);
  assert.equal(given.length, 3);
  // What it had may be gone by now.
  disk.unlinkSync('/tls/site.crt');
  write('next.crt', 'certificate 4');
  const next = listenerOf(`${SITE.replace('site.crt', 'next.crt')} }`);
  assert.notEqual(renewTls(door, disk, next, null), undefined);
  assert.equal(given.at(-1), 'certificate 4');
});

test('what can not be taken over changes nothing, and is tried again', () => {
  const { disk, door, given, write } = setUp();
  write('site.crt', 'broken');
  for (let i = 0; i < 2; i++) {
    assert.throws(() => renewTls(door, disk, settings, null), { code: 'tls-invalid' });
  }
  disk.unlinkSync('/tls/site.key');
  assert.throws(() => renewTls(door, disk, settings, null), { code: 'tls-invalid' });
  assert.throws(() => renewTls(door, disk, plain, null), /has TLS and cannot be without/);
  assert.deepEqual(given, []);
});

test('TLS for a door without: refused', () => {
  const { disk, door } = setUp();
  const bare: TlsDoor = { ...door, tls: undefined };
  assert.throws(() => renewTls(bare, disk, settings, null), /has no TLS and cannot get it/);
  assert.equal(renewTls(bare, disk, plain, null), undefined);
});
