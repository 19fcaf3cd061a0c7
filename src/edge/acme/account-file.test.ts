import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSimClock, createSimRandom, SimDisk } from '../../core/runtime/sim/index.ts';
import { writeFileAtomic } from '../../core/store/index.ts';
import { AccountFile } from './account-file.ts';

const account = { key: 'K', directory: 'https://ca.test/dir', url: null, contact: ['a@b.org'] };

test('an account: read back as written; what can not be read is none, what is newer is not overwritten', () => {
  const disk = new SimDisk(createSimClock(), createSimRandom(1));
  disk.mkdirSync('/acme');
  const file = new AccountFile(disk, '/acme');
  assert.equal(file.load(), undefined);
  file.save(account);
  assert.deepEqual(file.load(), account);
  const write = (text: string): void =>
    writeFileAtomic(disk, '/acme/_account.json', Buffer.from(text));
  for (const odd of ['', '{', '[]', '{"key":"K"}', 'null']) {
    write(odd);
    assert.equal(file.load(), undefined, odd);
  }
  write('{"format":2,"key":"K","directory":"d"}');
  assert.throws(() => file.load(), { code: 'settings', message: /newer program/ });
});
