import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createNodeDisk } from '../../core/runtime/node/index.ts';
import { createSimClock, createSimRandom, SimDisk } from '../../core/runtime/sim/index.ts';
import { CertificateFiles } from './certificate-files.ts';
import { placeholderFor } from './placeholder.ts';

const nowMs = Date.UTC(2026, 1, 1);
const older = await placeholderFor(['old.org'], nowMs, randomBytes(16));
const newer = await placeholderFor(['new.org'], nowMs, randomBytes(16));

test('a pair and its note: read back as written, for the owner alone', () => {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-acme-'));
  try {
    const files = new CertificateFiles(createNodeDisk(), join(folder, 'certificates'));
    assert.equal(files.load('shop'), undefined);
    assert.equal(files.loadNote('shop'), undefined);
    files.save('shop', older);
    files.saveNote('shop', { failures: 3 });
    assert.deepEqual(files.load('shop')?.pair, older);
    assert.deepEqual(files.loadNote('shop'), { failures: 3 });
    const { cert, key } = files.pathsOf('shop');
    for (const path of [cert, key, key.replace('.key', '.json')]) {
      assert.equal(statSync(path).mode & 0o777, 0o600, path);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a loss of power at any operation of a replacement: the old pair or the new one, never a mix of them', async () => {
  const seen = new Set<string>();
  for (let seed = 1; seed <= 12; seed++) {
    for (let cut = 1, died = true; died; cut++) {
      const disk = new SimDisk(createSimClock(), createSimRandom(seed * 100 + cut));
      const files = new CertificateFiles(disk, '/data/certificates');
      files.save('shop', older);
      disk.losePowerAt(disk.operations + cut);
      try {
        files.save('shop', newer);
      } catch {
        assert.ok(disk.dead);
      }
      died = disk.dead;
      await disk.reboot();
      const held = new CertificateFiles(disk, '/data/certificates').load('shop');
      const [name = 'none'] = held?.facts.names ?? [];
      assert.notEqual(name, 'none');
      if (!died) assert.equal(name, 'new.org');
      // And once more, from what the first look has left.
      const again = new CertificateFiles(disk, '/data/certificates').load('shop');
      assert.deepEqual(again?.pair, held?.pair);
      seen.add(name);
    }
  }
  assert.deepEqual([...seen].sort(), ['new.org', 'old.org']);
});

test('a full disk: the old pair stands and nothing half is left', () => {
  const disk = new SimDisk(createSimClock(), createSimRandom(1));
  const files = new CertificateFiles(disk, '/certificates');
  files.save('shop', older);
  disk.capacityBytes = older.chain.length + older.key.length + newer.key.length + 10;
  assert.throws(() => files.save('shop', newer), { code: 'ENOSPC' });
  assert.deepEqual(files.load('shop')?.pair, older);
  assert.deepEqual(disk.listSync('/certificates'), ['shop.key', 'shop.pem']);
});

test('a note that is no JSON counts as none', () => {
  const disk = new SimDisk(createSimClock(), createSimRandom(1));
  const files = new CertificateFiles(disk, '/certificates');
  files.saveNote('shop', { a: 1 });
  const file = disk.openSync('/certificates/shop.json', { mode: 'write' });
  file.writeSync(Buffer.from('}'), 0, 1, 0);
  file.closeSync();
  assert.equal(files.loadNote('shop'), undefined);
});
