/** Doors and locks that plinth.yaml sets up: the Unix socket, the password, the file of users. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { requirePeer } from '../../support/peers.ts';
import { type Plinth, type PlinthOptions, startPlinth } from '../../support/plinth.ts';
import { temporaryFolder } from '../../support/process.ts';
import { redisCli } from '../../support/redis-cli.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).toReversed()) await each();
});

function folder(): string {
  const { path, remove } = temporaryFolder('plinth-access');
  undo.push(remove);
  return path;
}

async function started(kv: NonNullable<PlinthOptions['kv']>): Promise<Plinth> {
  const plinth = await startPlinth({ kv });
  undo.push(() => plinth.stop());
  return plinth;
}

/** What redis-cli prints for one command; `user:password` logs in first. */
async function says(plinth: Plinth, login: string, ...command: string[]): Promise<string> {
  const [user, password] = login.split(':');
  const auth = password === undefined ? [] : ['--user', user ?? '', '--pass', password];
  const run = await redisCli(['-p', String(plinth.port), '--no-auth-warning', ...auth, ...command]);
  return `${run.out}${run.err}`.trim();
}

describe('access', requirePeer('redis-cli'), () => {
  test('the store answers on a Unix socket, which is gone when it has stopped', async () => {
    const socket = join(folder(), 'plinth.sock');
    const plinth = await started({ socket });
    assert.equal((await redisCli(['-s', socket, 'SET', 'k', 'by socket'])).out, 'OK\n');
    assert.equal(await says(plinth, '', 'GET', 'k'), 'by socket');
    assert.match((await redisCli(['-s', socket, 'CLIENT', 'LIST'])).out, new RegExp(socket));
    assert.equal(await plinth.terminate(), 0);
    assert.equal(existsSync(socket), false);
    // One that a killed process left behind is not in the way of the next.
    await plinth.restart();
    await plinth.kill9();
    await plinth.restart();
    assert.equal((await redisCli(['-s', socket, 'GET', 'k'])).out, 'by socket\n');
  });

  test('a password in plinth.yaml is asked of everybody', async () => {
    const plinth = await started({ password: 'open sesame' });
    assert.match(await says(plinth, '', 'GET', 'k'), /^NOAUTH Authentication required/);
    assert.match(await says(plinth, 'default:wrong', 'GET', 'k'), /WRONGPASS/);
    assert.equal(await says(plinth, 'default:open sesame', 'SET', 'k', 'v'), 'OK');
    assert.doesNotMatch(plinth.output(), /open sesame/, 'no password in the log');
  });

  test('a password may stand in a file of its own', async () => {
    const file = join(folder(), 'password');
    writeFileSync(file, 'from a file\n', { mode: 0o600 });
    const plinth = await started({ password_file: file });
    assert.match(await says(plinth, '', 'PING'), /^NOAUTH/);
    assert.equal(await says(plinth, 'default:from a file', 'PING'), 'PONG');
  });

  test('users of the ACL file have their rights, ACL SAVE writes it, and a restart reads it', async () => {
    const file = join(folder(), 'users.acl');
    writeFileSync(
      file,
      'user default off\nuser boss on >secret ~* &* +@all\nuser reader on >look ~app:* resetchannels -@all +get\n',
    );
    const plinth = await started({ acl_file: file });
    assert.match(await says(plinth, '', 'GET', 'app:k'), /^NOAUTH/);
    assert.equal(await says(plinth, 'boss:secret', 'SET', 'app:k', 'v'), 'OK');
    assert.equal(await says(plinth, 'reader:look', 'GET', 'app:k'), 'v');
    assert.match(await says(plinth, 'reader:look', 'GET', 'other'), /^NOPERM/);
    assert.match(await says(plinth, 'reader:look', 'SET', 'app:k', 'w'), /^NOPERM/);
    const rights = ['ACL', 'SETUSER', 'writer', 'on', '>write', '~app:*', '+set'];
    assert.equal(await says(plinth, 'boss:secret', ...rights), 'OK');
    assert.equal(await says(plinth, 'boss:secret', 'ACL', 'SAVE'), 'OK');
    const saved = readFileSync(file, 'utf8');
    assert.match(saved, /^user writer on /m);
    assert.doesNotMatch(saved, />/, 'passwords are kept as hashes');
    assert.equal(await plinth.terminate(), 0);
    await plinth.restart();
    assert.equal(await says(plinth, 'writer:write', 'SET', 'app:k', 'w'), 'OK');
    assert.equal(await says(plinth, 'reader:look', 'GET', 'app:k'), 'w');
  });

  test('a broken ACL file is one sentence with its line, and no start', async () => {
    const file = join(folder(), 'users.acl');
    writeFileSync(file, 'user default on nopass ~* +@all\nuser broken on +nosuchcommand\n');
    await assert.rejects(started({ acl_file: file }), (error: Error) => {
      const sentences = error.message.match(/^plinth: .*$/gm) ?? [];
      assert.equal(sentences.length, 1, error.message);
      assert.match(sentences[0] ?? '', /users\.acl:2: Unknown command or category name/);
      assert.doesNotMatch(error.message, /internal fault/);
      return true;
    });
  });
});
