import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestStore } from '../../testing/harness.ts';
import {
  check,
  checkEffects,
  checkEvents,
  NOT_INTEGER,
  replayOf,
  SYNTAX,
  WRONGTYPE,
} from '../../testing/lines.ts';

const badExpiry = (command: string) => ({
  error: `ERR invalid expire time in '${command}' command`,
});

test('SET sets under conditions, with GET and a time to live', () => {
  check([
    ['SET k a', 'OK'],
    ['SET k b NX', null],
    ['SET k b XX', 'OK'],
    ['SET none b XX', null],
    ['GET none', null],
    ['SET k c GET', 'b'],
    ['SET k d NX GET', 'c'],
    ['GET k', 'c'],
    ['SET fresh d NX GET', null],
    ['GET fresh', 'd'],
    ['SET none d XX GET', null],
    ['EXISTS none', 0],
    ['SET k e EX 100', 'OK'],
    ['TTL k', 100],
    ['SET k f KEEPTTL', 'OK'],
    ['TTL k', 100],
    ['SET k g', 'OK'],
    ['TTL k', -1],
    ['SET k h PX 50000', 'OK'],
    ['TTL k', 50],
    ['SET k h ex 10 EX 20', 'OK'],
    ['TTL k', 20],
    ['SET k h PXAT 9007199254740993', 'OK'],
    ['SET k h EXAT 1', 'OK'],
    ['EXISTS k', 0],
    ['RPUSH l a', 1],
    ['SET l a NX', null],
    ['SET l a GET', WRONGTYPE],
    ['SET l a', 'OK'],
    ['GET l', 'a'],
  ]);
});

test('SET refuses options that exclude each other and broken times', () => {
  check([
    ['SET k v NX XX', SYNTAX],
    ['SET k v EX 1 PX 1', SYNTAX],
    ['SET k v EX 1 KEEPTTL', SYNTAX],
    ['SET k v KEEPTTL PXAT 1', SYNTAX],
    ['SET k v EX', SYNTAX],
    ['SET k v PERSIST', SYNTAX],
    ['SET k v EX x FOO', SYNTAX],
    ['SET k v EX x', NOT_INTEGER],
    ['SET k v EX 0', badExpiry('set')],
    ['SET k v PX -1', badExpiry('set')],
    ['SET k v EX 9223372036854775807', badExpiry('set')],
    ['SET k v PX 9223372036854775807', badExpiry('set')],
    ['SET k v EX 9223372036854775808', NOT_INTEGER],
    ['SETEX k 0 v', badExpiry('setex')],
    ['PSETEX k -1 v', badExpiry('psetex')],
    ['SETEX k x v', NOT_INTEGER],
    ['EXISTS k', 0],
    ['SET k', { error: "ERR wrong number of arguments for 'set' command" }],
  ]);
});

test('values are compared before they are set or deleted', () => {
  check([
    ['SET k hello', 'OK'],
    ['DIGEST k', '9555e8555c62dcfd'],
    ['DIGEST none', null],
    ['SET k new IFEQ other', null],
    ['SET k new IFEQ hello GET', 'hello'],
    ['SET k newer IFNE new', null],
    ['SET k newer IFNE other', 'OK'],
    ['SET none x IFEQ y', null],
    ['SET fresh x IFNE y', 'OK'],
    ['SET k hello', 'OK'],
    ['SET k x IFDEQ 0000000000000000', null],
    ['SET k x IFDEQ 9555E8555C62DCFD', 'OK'],
    ['SET k hello IFDNE 9555e8555c62dcfd', 'OK'],
    ['SET k x IFDEQ 123', { error: 'ERR must be exactly 16 hexadecimal characters' }],
    ['SET none x IFDEQ 123', null],
    ['SET k x NX IFEQ hello', SYNTAX],
    ['SET k x IFEQ', SYNTAX],
    ['DELEX k IFEQ nothello', 0],
    ['DELEX k IFNE hello', 0],
    ['DELEX k IFDEQ 9555e8555c62dcfe', 0],
    ['DELEX k FOO x', { error: 'ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE' }],
    ['DELEX k IFEQ', { error: "ERR wrong number of arguments for 'delex' command" }],
    ['DELEX none FOO x', 0],
    ['DELEX k IFDEQ 9555e8555c62dcfd', 1],
    ['EXISTS k', 0],
    ['RPUSH l a', 1],
    ['DIGEST l', WRONGTYPE],
    ['SET l x IFEQ a', WRONGTYPE],
    ['DELEX l IFEQ a', { error: 'ERR Key should be of string type if conditions are specified' }],
    ['DELEX l', 1],
  ]);
});

test('GETEX, GETDEL and GETSET return a value and change something', () => {
  check([
    ['GETEX none EX x', null],
    ['SET k v', 'OK'],
    ['GETEX k', 'v'],
    ['GETEX k EX 100', 'v'],
    ['TTL k', 100],
    ['GETEX k PERSIST', 'v'],
    ['TTL k', -1],
    ['GETEX k PXAT 1', 'v'],
    ['EXISTS k', 0],
    ['GETSET k a', null],
    ['GETSET k b', 'a'],
    ['GETEX k EX 0', badExpiry('getex')],
    ['GETEX k EX 1 PERSIST', SYNTAX],
    ['GETEX k PERSIST EX 1', SYNTAX],
    ['GETEX k KEEPTTL', SYNTAX],
    ['GETDEL k', 'b'],
    ['GETDEL k', null],
    ['RPUSH l a', 1],
    ['GETEX l', WRONGTYPE],
    ['GETDEL l', WRONGTYPE],
    ['GETSET l x', WRONGTYPE],
    ['GET l', WRONGTYPE],
    ['MGET l none', [null, null]],
  ]);
});

test('several keys are set at once, all or none', () => {
  check([
    ['MSET a 1 b 2 a 3', 'OK'],
    ['MGET a b', ['3', '2']],
    ['MSETNX c 1 a 1', 0],
    ['EXISTS c', 0],
    ['MSETNX c 1 c 2', 1],
    ['GET c', '2'],
    ['MSET a 1 b', { error: "ERR wrong number of arguments for 'mset' command" }],
    ['MSETNX a 1 b', { error: "ERR wrong number of arguments for 'msetnx' command" }],
    ['MSETEX 2 a 1 b 2 EX 100', 1],
    ['TTL b', 100],
    ['MSETEX 2 a 5 new 6 NX', 0],
    ['MSETEX 2 a 5 new 6 XX', 0],
    ['MSETEX 1 a 5 KEEPTTL XX', 1],
    ['TTL a', 100],
    ['MSETEX 1 a 5', 1],
    ['TTL a', -1],
    ['MSETEX 2 a 5 b 6 PXAT 1', 1],
    ['EXISTS a b', 0],
    ['MSETEX x a 5', { error: 'ERR invalid numkeys value' }],
    ['MSETEX 0 a 5', { error: 'ERR invalid numkeys value' }],
    ['MSETEX 2147483648 a 5', { error: 'ERR invalid numkeys value' }],
    ['MSETEX 2 a 5 b', { error: 'ERR wrong number of key-value pairs' }],
    ['MSETEX 1 a 5 FOO', SYNTAX],
    ['MSETEX 1 a 5 NX XX', SYNTAX],
    ['MSETEX 1 a 5 EX 0', badExpiry('msetex')],
    ['SETNX n 1', 1],
    ['SETNX n 2', 0],
  ]);
});

test('what depends on time or state is logged as what came of it', () => {
  checkEffects([
    ['SET k v', ['SET k v']],
    ['SET k v EX 100', ['SET k v PXAT TIME']],
    ['SET k v NX', []],
    ['SET k w XX KEEPTTL', ['SET k w KEEPTTL']],
    ['SET k v IFEQ w GET', ['SET k v']],
    ['SETEX k 10 v', ['SET k v PXAT TIME']],
    ['GETEX k EX 100', ['PEXPIREAT k TIME']],
    ['GETEX k PERSIST', ['PERSIST k']],
    ['GETEX k PERSIST', []],
    ['MSETEX 2 a 1 b 2 EX 9', ['SET a 1 PXAT TIME', 'SET b 2 PXAT TIME']],
    ['GETDEL a', ['DEL a']],
    ['DELEX b IFEQ 2', ['DEL b']],
    ['DELEX b', []],
    ['SET k x EXAT 1', ['DEL k']],
    ['SET k x EXAT 1', []],
    ['MSETNX k 1 l 2', ['MSETNX k 1 l 2']],
  ]);
});

test('commands on strings tell of what they did, in order', () => {
  checkEvents([
    ['SET k v', ['new k', 'set k']],
    ['SET k v EX 100', ['set k', 'expire k']],
    ['GETEX k PERSIST', ['persist k']],
    ['GETEX k EX 10', ['expire k']],
    ['GETDEL k', ['del k']],
    ['SETEX k 10 v', ['new k', 'set k', 'expire k']],
    ['MSET a 1 b 2', ['new a', 'set a', 'new b', 'set b']],
    ['MSETEX 1 a 1 EX 5', ['set a', 'expire a']],
    ['GETSET a 2', ['set a']],
    ['SETNX a 3', []],
    ['DELEX a', ['del a']],
    ['INCR n', ['new n', 'incrby n']],
    ['DECRBY n 5', ['incrby n']],
    ['INCRBYFLOAT n 0.5', ['incrbyfloat n']],
    ['APPEND n x', ['append n']],
    ['SETRANGE n 0 y', ['setrange n']],
    ['SETRANGE n 0 ""', []],
  ]);
});

test('a key that expires is gone, and a replay keeps its time', () => {
  const kv = createTestStore();
  kv.run('SET', 'k', 'v', 'PX', '1000');
  kv.run('SET', 'long', 'v', 'EX', '100');
  const replay = replayOf(kv);
  assert.equal(replay.run('PEXPIRETIME', 'long'), kv.run('PEXPIRETIME', 'long'));
  kv.advance(1001);
  assert.equal(kv.run('GET', 'k'), null);
  assert.equal(kv.run('GET', 'long'), 'v');
});
