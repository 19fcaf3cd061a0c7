import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { createTestStore, type Reply, type TestStore } from '../testing/harness.ts';

const words = (line: string): string[] => line.split(' ');

function login(store: TestStore, name: string, rules: string) {
  store.run('ACL', 'SETUSER', name, 'on', 'nopass', ...words(rules));
  const client = store.connect();
  assert.equal(client.run('AUTH', name, 'any'), 'OK');
  return client;
}

describe('logging in', () => {
  const WRONG = { error: 'WRONGPASS invalid username-password pair or user is disabled.' };

  test('a store with a password answers nobody who has not given it', () => {
    const store = createTestStore();
    store.engine.acl.setDefaultPassword('secret');
    const client = store.connect();
    assert.deepEqual(client.run('GET', 'k'), { error: 'NOAUTH Authentication required.' });
    assert.deepEqual(client.run('AUTH', 'wrong'), WRONG);
    assert.match((client.run('HELLO', '3') as { error: string }).error, /^NOAUTH HELLO must be/);
    assert.equal(client.run('AUTH', 'secret'), 'OK');
    assert.equal(client.run('GET', 'k'), null);
    assert.equal(client.run('RESET'), 'RESET');
    assert.deepEqual(client.run('GET', 'k'), { error: 'NOAUTH Authentication required.' });
    assert.equal(client.run('AUTH', 'default', 'secret'), 'OK');
  });

  test('AUTH without a user needs a password to be set', () => {
    assert.match(
      (createTestStore().run('AUTH', 'x') as { error: string }).error,
      /^ERR AUTH <password> called without any password configured/,
    );
  });

  test('HELLO logs in, names the connection and changes the protocol in one step', () => {
    const store = createTestStore();
    store.run('ACL', 'SETUSER', 'al', 'on', '>pw', '+@all');
    const client = store.connect();
    assert.deepEqual(client.run('HELLO', '3', 'AUTH', 'al', 'no', 'SETNAME', 'me'), WRONG);
    assert.equal(client.run('CLIENT', 'GETNAME'), null);
    const reply = client.run('HELLO', '3', 'AUTH', 'al', 'pw', 'SETNAME', 'me');
    assert.ok(typeof reply === 'object' && reply !== null && 'map' in reply);
    assert.equal(client.run('CLIENT', 'GETNAME'), 'me');
    assert.equal(client.run('ACL', 'WHOAMI'), 'al');
  });

  test('any of several passwords fits, a removed one and one of a disabled user do not', () => {
    const store = createTestStore();
    store.run('ACL', 'SETUSER', 'al', 'on', '>one', '>two');
    assert.equal(store.connect().run('AUTH', 'al', 'one'), 'OK');
    assert.equal(store.connect().run('AUTH', 'al', 'two'), 'OK');
    store.run('ACL', 'SETUSER', 'al', '<one');
    assert.deepEqual(store.connect().run('AUTH', 'al', 'one'), WRONG);
    store.run('ACL', 'SETUSER', 'al', 'off');
    assert.deepEqual(store.connect().run('AUTH', 'al', 'two'), WRONG);
    assert.deepEqual(store.connect().run('AUTH', 'nobody', 'two'), WRONG);
  });
});

describe('permissions', () => {
  test('commands, subcommands and categories', () => {
    const store = createTestStore();
    const al = login(store, 'al', '~* +@read -mget +client|id +acl|whoami +select|1');
    const denied = (name: string) => ({
      error: `NOPERM User al has no permissions to run the '${name}' command`,
    });
    assert.equal(al.run('GET', 'k'), null);
    assert.deepEqual(al.run('MGET', 'k'), denied('mget'));
    assert.deepEqual(al.run('SET', 'k', 'v'), denied('set'));
    assert.equal(typeof al.run('CLIENT', 'ID'), 'number');
    assert.deepEqual(al.run('CLIENT', 'INFO'), denied('client|info'));
    assert.equal(al.run('SELECT', '1'), 'OK');
    assert.deepEqual(al.run('SELECT', '2'), denied('select'));
  });

  test('keys, by what is done to them', () => {
    const store = createTestStore();
    const al = login(store, 'al', '+@all %R~r* %W~w* ~b*');
    const KEY = { error: 'NOPERM No permissions to access a key' };
    assert.equal(al.run('GET', 'r'), null);
    assert.deepEqual(al.run('SADD', 'r', '1'), KEY);
    assert.equal(al.run('SADD', 'w', '1'), 1);
    assert.deepEqual(al.run('SMEMBERS', 'w'), KEY);
    assert.equal(al.run('SCARD', 'w'), 1);
    assert.deepEqual(al.run('SPOP', 'w'), KEY);
    assert.equal(al.run('SADD', 'b', '1'), 1);
    assert.equal(al.run('SPOP', 'b'), '1');
    assert.deepEqual(al.run('MSET', 'b', '1', 'x', '2'), KEY);
    assert.equal(al.run('SINTERSTORE', 'w', 'r', 'b'), 0);
    assert.deepEqual(al.run('SINTERSTORE', 'r', 'r', 'b'), KEY);
  });

  test('one selector has to allow all of a request', () => {
    const store = createTestStore();
    store.run('ACL', 'SETUSER', 'al', 'on', 'nopass', '~a*', '+get', '(+set', '~b*)');
    const al = store.connect();
    al.run('AUTH', 'al', '');
    assert.equal(al.run('GET', 'a'), null);
    assert.equal(al.run('SET', 'b', '1'), 'OK');
    assert.deepEqual(al.run('SET', 'a', '1'), { error: 'NOPERM No permissions to access a key' });
    assert.deepEqual(al.run('GET', 'b'), { error: 'NOPERM No permissions to access a key' });
  });

  test('channels match patterns, patterns have to be the very same', () => {
    const store = createTestStore();
    const al = login(store, 'al', '+@all &news.*');
    const CHANNEL = { error: 'NOPERM No permissions to access a channel' };
    assert.equal(al.run('PUBLISH', 'news.a', 'x'), 0);
    assert.deepEqual(al.run('PUBLISH', 'other', 'x'), CHANNEL);
    assert.deepEqual(al.run('SUBSCRIBE', 'news.a', 'other'), CHANNEL);
    assert.deepEqual(al.run('PSUBSCRIBE', 'news.?'), CHANNEL);
    assert.deepEqual(al.run('PSUBSCRIBE', 'news.*'), ['psubscribe', 'news.*', 1]);
  });

  test('rules that changed after a command was queued hold for EXEC', () => {
    const store = createTestStore();
    const al = login(store, 'al', '+@all ~*');
    al.run('MULTI');
    al.run('SET', 'k', '1');
    al.run('GET', 'k');
    store.run('ACL', 'SETUSER', 'al', '-set');
    const reply = al.run('EXEC') as Reply[];
    assert.match(
      (reply[0] as { error: string }).error,
      /^NOPERM ACLs rules changed .* no permission to execute the command or subcommand$/,
    );
    assert.equal(reply[1], null);
  });
});

describe('changing users', () => {
  test('a wrong rule changes nothing and is named', () => {
    const store = createTestStore();
    const cases: [string, string][] = [
      ['+nonsense', 'Unknown command or category name in ACL'],
      ['+@nonsense', 'Unknown command or category name in ACL'],
      ['nonsense', 'Syntax error'],
      ['%X~a', 'Syntax error'],
      ['+acl|', 'Syntax error'],
      ['+acl|list|x', 'Allowing first-arg of a subcommand is not supported'],
      ['<none', 'The password you are trying to remove from the user does not exist'],
      [
        '#12',
        'The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters',
      ],
    ];
    for (const [rule, problem] of cases) {
      assert.deepEqual(store.run('ACL', 'SETUSER', 'al', 'on', rule), {
        error: `ERR Error in ACL SETUSER modifier '${rule}': ${problem}`,
      });
    }
    assert.equal(store.run('ACL', 'GETUSER', 'al'), null);
    assert.deepEqual(store.run('ACL', 'SETUSER', 'al', 'on', '(+get', '~a'), {
      error: "ERR Unmatched parenthesis in acl selector starting at '(+get'.",
    });
    assert.deepEqual(store.run('ACL', 'SETUSER', 'a b'), {
      error: "ERR Usernames can't contain spaces or null characters",
    });
  });

  test('rules are shown as they were given, older ones for the same thing dropped', () => {
    const store = createTestStore();
    const shown = (rules: string): Reply => {
      store.run('ACL', 'SETUSER', 'al', 'reset', ...words(rules));
      return (store.run('ACL', 'LIST') as string[])[0]!;
    };
    const head = 'user al off sanitize-payload';
    assert.equal(shown('reset'), `${head} resetchannels -@all`);
    assert.equal(shown('+@all -get +GET'), `${head} resetchannels +@all +get`);
    assert.equal(shown('-acl +acl|list -acl'), `${head} resetchannels -@all -acl`);
    assert.equal(shown('%R~a %W~a &b &c'), `${head} ~a resetchannels &b &c -@all`);
    assert.equal(
      shown('allkeys allchannels (%W~x +@read)'),
      `${head} ~* &* -@all (%W~x resetchannels -@all +@read)`,
    );
  });

  test('a deleted user loses its connections, waiting ones as well', () => {
    const store = createTestStore();
    const al = login(store, 'al', '+@all ~*');
    assert.equal(al.run('BLPOP', 'list', '0'), undefined);
    assert.equal(store.engine.blocking.count, 1);
    assert.equal(store.run('ACL', 'DELUSER', 'al', 'nobody'), 1);
    assert.equal(al.connection.ended, 'auth-failed');
    assert.equal(store.engine.blocking.count, 0);
    assert.deepEqual(store.run('ACL', 'DELUSER', 'default'), {
      error: "ERR The 'default' user cannot be removed",
    });
  });

  test('a subscriber whose channel is taken away is ended, others stay', () => {
    const store = createTestStore();
    const a = login(store, 'al', '+@all &a &b');
    const b = store.connect();
    b.run('AUTH', 'al', '');
    a.run('SUBSCRIBE', 'a');
    b.run('SUBSCRIBE', 'b');
    store.run('ACL', 'SETUSER', 'al', 'resetchannels', '&b');
    assert.equal(a.connection.ended, 'auth-failed');
    assert.equal(b.connection.ended, undefined);
    assert.deepEqual(store.run('PUBSUB', 'NUMSUB', 'a', 'b'), ['a', 0, 'b', 1]);
  });

  const rule = fc.constantFrom(
    ...words('on off nopass resetpass >a >b ~* ~k* %R~r* %W~r* resetkeys &* &c* resetchannels'),
    ...words('+@all -@all +@read -@write +get -get +set +client -client +client|id -client|id'),
    ...words('+select|1 allkeys nocommands skip-sanitize-payload sanitize-payload clearselectors'),
    '(~s* +@read)',
    '(%W~t* -@all +set &z)',
  );

  test('the rules that ACL LIST shows make the same user again', () => {
    const requests = ['GET k', 'SET k 1', 'SET t 1', 'CLIENT ID', 'SELECT 1', 'PUBLISH c x'].map(
      words,
    );
    const store = createTestStore();
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 12 }), (rules) => {
        store.run('ACL', 'DELUSER', 'al', 'bo');
        for (const one of rules) store.run('ACL', 'SETUSER', 'al', one);
        store.run('ACL', 'SETUSER', 'al');
        const line = (store.run('ACL', 'LIST') as string[])[0]!;
        store.run('ACL', 'SETUSER', 'bo', ...line.split(' ').slice(2));
        const again = (store.run('ACL', 'LIST') as string[])[1]!;
        assert.equal(again.replace('user bo', 'user al'), line);
        for (const request of requests) {
          const [first, second] = ['al', 'bo'].map((name) =>
            JSON.stringify(store.run('ACL', 'DRYRUN', name, ...request)),
          );
          assert.equal(second?.replace('User bo', 'User al'), first, `${line}: ${request}`);
        }
      }),
      { numRuns: 150 },
    );
  });
});

describe('what was refused', () => {
  test('is kept, equal refusals counted together', () => {
    const store = createTestStore();
    const al = login(store, 'al', '+get ~a');
    al.run('SET', 'a', '1');
    al.run('SET', 'a', '1');
    al.run('GET', 'b');
    store.connect().run('AUTH', 'al2', 'x');
    const entries = store.run('ACL', 'LOG') as Reply[][];
    const facts = entries.map((entry) => [entry[1], entry[3], entry[5], entry[7], entry[9]]);
    assert.deepEqual(facts, [
      [1, 'auth', 'toplevel', 'AUTH', 'al2'],
      [1, 'key', 'toplevel', 'b', 'al'],
      [2, 'command', 'toplevel', 'set', 'al'],
    ]);
    assert.match(entries[2]![13] as string, /^id=\d+ addr=127\.0\.0\.1:\d+ .* user=al /);
    assert.equal((store.run('ACL', 'LOG', '1') as Reply[]).length, 1);
    assert.equal(store.run('ACL', 'LOG', 'RESET'), 'OK');
    assert.deepEqual(store.run('ACL', 'LOG'), []);
  });

  test('is bounded by acllog-max-len', () => {
    const store = createTestStore({ settings: { acllogMaxLen: 3 } });
    const al = login(store, 'al', '+get');
    for (let i = 0; i < 10; i++) al.run('GET', `k${i}`);
    assert.equal(store.engine.acl.log.entries.length, 3);
  });
});

describe('the file of users', () => {
  function storeWithFile(text: string | null) {
    const store = createTestStore();
    const file = { text };
    store.engine.acl.store = {
      path: 'users.acl',
      read: () => (file.text === null ? null : Buffer.from(file.text)),
      write: (bytes) => {
        file.text = bytes.toString();
      },
    };
    return { store, file };
  }

  test('saves what it loads', () => {
    const { store, file } = storeWithFile(null);
    store.run('ACL', 'SETUSER', 'al', 'on', '>pw', '~a*', '+@read', '(+set ~b)');
    assert.equal(store.run('ACL', 'SAVE'), 'OK');
    const saved = file.text;
    store.run('ACL', 'SETUSER', 'al', 'off');
    store.run('ACL', 'SETUSER', 'extra');
    assert.equal(store.run('ACL', 'LOAD'), 'OK');
    assert.deepEqual(store.run('ACL', 'USERS'), ['al', 'default']);
    store.run('ACL', 'SAVE');
    assert.equal(file.text, saved);
    assert.equal(store.connect().run('AUTH', 'al', 'pw'), 'OK');
  });

  test('with a mistake changes nothing, and every mistake is named with its line', () => {
    const { store } = storeWithFile(
      'user al on +get\nnonsense\n\nuser bo +nonsense\nuser al off\n',
    );
    store.run('ACL', 'SETUSER', 'old');
    const { error } = store.run('ACL', 'LOAD') as { error: string };
    for (const at of ['users.acl:2:', 'users.acl:4: Unknown command', 'users.acl:5:']) {
      assert.ok(error.includes(at), `${at} is missing in: ${error}`);
    }
    assert.deepEqual(store.run('ACL', 'USERS'), ['default', 'old']);
  });

  test('ends the connections of users that are gone, and keeps those of others', () => {
    const { store } = storeWithFile('user al on nopass +@all ~*\n');
    const al = login(store, 'al', '+get');
    const bo = login(store, 'bo', '+get');
    assert.equal(store.run('ACL', 'LOAD'), 'OK');
    assert.equal(al.connection.ended, undefined);
    assert.equal(bo.connection.ended, 'auth-failed');
    assert.equal(al.run('SET', 'k', '1'), 'OK');
  });

  test('the default user keeps its password when the file does not name it', () => {
    const { store } = storeWithFile('user al on\n');
    store.engine.acl.setDefaultPassword('secret');
    assert.equal(store.engine.acl.load(), undefined);
    assert.equal(store.engine.acl.passwordRequired, true);
  });
});
