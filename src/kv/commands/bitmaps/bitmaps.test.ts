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

const BAD_OFFSET = { error: 'ERR bit offset is not an integer or out of range' };
const BAD_BIT = { error: 'ERR bit is not an integer or out of range' };
const BAD_TYPE = {
  error:
    'ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.',
};

test('bits are set, cleared and read', () => {
  check([
    ['SETBIT b 7 1', 0],
    ['GET b', '\x01'],
    ['SETBIT b 7 1', 1],
    ['SETBIT b 7 0', 1],
    ['GETBIT b 7', 0],
    ['GETBIT b 1000', 0],
    ['GETBIT none 1', 0],
    ['SETBIT b 20 0', 0],
    ['STRLEN b', 3],
    ['OBJECT ENCODING b', 'raw'],
    ['SET n 1', 'OK'],
    ['GETBIT n 2', 1],
    ['SETBIT n 6 1', 0],
    ['GET n', '3'],
    ['OBJECT ENCODING n', 'raw'],
    ['SETBIT b -1 1', BAD_OFFSET],
    ['SETBIT b x 1', BAD_OFFSET],
    ['SETBIT b #1 1', BAD_OFFSET],
    ['SETBIT b 4294967296 1', BAD_OFFSET],
    ['SETBIT b 9223372036854775808 1', BAD_OFFSET],
    ['SETBIT b x 2', BAD_OFFSET],
    ['SETBIT b 1 2', BAD_BIT],
    ['SETBIT b 1 x', BAD_BIT],
    ['GETBIT b 4294967295', 0],
    ['GETBIT b 4294967296', BAD_OFFSET],
  ]);
});

test('bits are counted in bytes and in bits', () => {
  check([
    ['SET k foobar', 'OK'],
    ['BITCOUNT k', 26],
    ['BITCOUNT k 0 0', 4],
    ['BITCOUNT k 1 1 BYTE', 6],
    ['BITCOUNT k 5 30 BIT', 17],
    ['BITCOUNT k -2 -1', 7],
    ['BITCOUNT k -1 -2', 0],
    ['BITCOUNT k -100 -1', 26],
    ['BITCOUNT k 6 10', 0],
    ['BITCOUNT none', 0],
    ['BITCOUNT none 0 -1', 0],
    ['BITCOUNT k 0', SYNTAX],
    ['BITCOUNT k 0 1 FOO', SYNTAX],
    ['BITCOUNT k 0 1 BIT X', SYNTAX],
    ['BITCOUNT k x 1', NOT_INTEGER],
    ['BITCOUNT none x 1', NOT_INTEGER],
    ['BITCOUNT none 0 1 FOO', SYNTAX],
  ]);
});

test('the first bit is found, and behind a string without an end zeros go on', () => {
  const kv = createTestStore();
  kv.run('SET', 'k', Buffer.from([0xff, 0xf0, 0x00]));
  kv.run('SET', 'ones', Buffer.from([0xff, 0xff, 0xff]));
  check(
    [
      ['BITPOS k 0', 12],
      ['BITPOS k 1', 0],
      ['BITPOS k 1 2', -1],
      ['BITPOS k 0 2', 16],
      ['BITPOS k 1 0 -1 BIT', 0],
      ['BITPOS k 1 10 20 BIT', 10],
      ['BITPOS k 1 12 20 BIT', -1],
      ['BITPOS k 0 -3 -2', 12],
      ['BITPOS ones 0', 24],
      ['BITPOS ones 0 1', 24],
      ['BITPOS ones 0 0 -1', -1],
      ['BITPOS ones 0 0 -1 BIT', -1],
      ['BITPOS ones 0 3', -1],
      ['BITPOS none 0', 0],
      ['BITPOS none 0 1 2', 0],
      ['BITPOS none 1', -1],
      ['SET empty ""', 'OK'],
      ['BITPOS empty 0', -1],
      ['BITPOS empty 1', -1],
      ['BITPOS k 2', { error: 'ERR The bit argument must be 1 or 0.' }],
      ['BITPOS k x', NOT_INTEGER],
      ['BITPOS k 1 x', NOT_INTEGER],
      ['BITPOS k 1 0 1 FOO', SYNTAX],
      ['BITPOS k 1 0 1 BIT X', SYNTAX],
      ['BITPOS none 0 0 1 FOO', SYNTAX],
    ],
    kv,
  );
});

test('strings are combined into a new one without a time to live', () => {
  check([
    ['MSET a foobar b abcdef', 'OK'],
    ['SETEX d 100 x', 'OK'],
    ['BITOP AND d a b', 6],
    ['GET d', '`bc`ab'],
    ['TTL d', -1],
    ['OBJECT ENCODING d', 'raw'],
    ['BITOP or d a b none', 6],
    ['BITOP XOR d a a', 6],
    ['GET d', '\0\0\0\0\0\0'],
    ['BITOP NOT d d', 6],
    ['BITCOUNT d', 48],
    ['BITOP DIFF d d a', 6],
    ['BITCOUNT d', 22],
    ['BITOP ONE d a b', 6],
    ['BITOP AND d none', 0],
    ['EXISTS d', 0],
    ['RPUSH l x', 1],
    ['BITOP AND d a l', WRONGTYPE],
    ['BITOP NOT l a', 6],
    ['TYPE l', 'string'],
    ['BITOP FOO d a', SYNTAX],
    ['BITOP NOT d a b', { error: 'ERR BITOP NOT must be called with a single source key.' }],
    ['BITOP diff d a', { error: 'ERR BITOP DIFF must be called with at least two source keys.' }],
    ['BITOP ANDOR d a', { error: 'ERR BITOP ANDOR must be called with at least two source keys.' }],
    ['BITOP AND d', { error: "ERR wrong number of arguments for 'bitop' command" }],
  ]);
});

test('fields wrap, saturate or fail', () => {
  check([
    ['BITFIELD f SET u8 0 255 GET u8 0 GET i8 0', [0, 255, -1]],
    ['BITFIELD f INCRBY u8 0 10', [9]],
    ['BITFIELD f OVERFLOW SAT INCRBY u8 0 1000 INCRBY u8 0 -1000', [255, 0]],
    ['BITFIELD f OVERFLOW FAIL INCRBY u8 0 -1 INCRBY u8 0 1', [null, 1]],
    ['BITFIELD f OVERFLOW FAIL SET u8 0 256', [null]],
    ['BITFIELD f OVERFLOW SAT SET i8 0 200 GET i8 0', [1, 127]],
    ['BITFIELD f SET i8 0 -129 GET i8 0', [127, 127]],
    ['BITFIELD f OVERFLOW SAT SET u8 0 -1 GET u8 0', [127, 255]],
    ['BITFIELD g SET i64 #1 9223372036854775807', [0]],
    ['BITFIELD g INCRBY i64 64 1', [-9223372036854775808n]],
    ['BITFIELD g OVERFLOW SAT INCRBY i64 64 -1', [-9223372036854775808n]],
    ['BITFIELD g SET u63 0 9223372036854775807 INCRBY u63 0 1', [0, 0]],
    ['BITFIELD g SET u32 3 4294967295 INCRBY u32 3 -1', [0, 4294967294]],
    ['BITFIELD g SET i32 3 5000000000 GET i32 3', [-2, 705032704]],
    ['STRLEN g', 16],
    ['BITFIELD none GET u8 0 GET i64 #100', [0, 0]],
    ['EXISTS none', 0],
    ['BITFIELD none', []],
    ['BITFIELD_RO f GET u8 0', [255]],
    ['BITFIELD_RO f', []],
  ]);
});

test('broken fields are refused before anything is changed', () => {
  check([
    ['BITFIELD f GET u64 0', BAD_TYPE],
    ['BITFIELD f GET i65 0', BAD_TYPE],
    ['BITFIELD f GET u0 0', BAD_TYPE],
    ['BITFIELD f GET x8 0', BAD_TYPE],
    ['BITFIELD f GET u8 -1', BAD_OFFSET],
    ['BITFIELD f GET u8 #', BAD_OFFSET],
    ['BITFIELD f GET u8 #536870912', BAD_OFFSET],
    ['BITFIELD f GET u8', SYNTAX],
    ['BITFIELD f SET u8 0', SYNTAX],
    ['BITFIELD f FOO', SYNTAX],
    ['BITFIELD f OVERFLOW', SYNTAX],
    ['BITFIELD f OVERFLOW FOO', { error: 'ERR Invalid OVERFLOW type specified' }],
    ['BITFIELD f SET u8 0 x', NOT_INTEGER],
    ['BITFIELD f SET u8 0 1 SET u8 8 x', NOT_INTEGER],
    ['BITFIELD_RO f SET u8 0 1', { error: 'ERR BITFIELD_RO only supports the GET subcommand' }],
    ['EXISTS f', 0],
    ['RPUSH l x', 1],
    ['BITFIELD l GET u8 0', WRONGTYPE],
    ['BITFIELD l SET u8 0 1', WRONGTYPE],
    ['SETBIT l 0 1', WRONGTYPE],
    ['GETBIT l 0', WRONGTYPE],
    ['BITCOUNT l', WRONGTYPE],
    ['BITPOS l 1', WRONGTYPE],
  ]);
});

test('only what changes a string is told and logged', () => {
  checkEvents([
    ['SETBIT b 9 0', ['new b', 'setbit b']],
    ['SETBIT b 9 0', []],
    ['BITFIELD b INCRBY u8 0 1', ['setbit b']],
    ['BITFIELD b INCRBY u8 0 0', []],
    ['BITFIELD b OVERFLOW FAIL SET u2 0 9', []],
    ['BITFIELD c OVERFLOW FAIL SET u2 0 9', ['new c', 'setbit c']],
    ['BITOP AND d b', ['new d', 'set d']],
    ['BITOP AND d none', ['del d']],
    ['BITOP AND d none', []],
  ]);
  checkEffects([
    ['SETBIT b 9 1', ['SETBIT b 9 1']],
    ['SETBIT b 9 1', []],
    ['BITFIELD b GET u8 0', []],
    ['BITCOUNT b', []],
  ]);
});

test('a replay of the effects gives the same bits', () => {
  const kv = createTestStore();
  for (let i = 0; i < 200; i++) {
    kv.run('SETBIT', 'b', (i * 7919) % 5000, i & 1);
    kv.run('BITFIELD', 'f', 'INCRBY', 'u5', `#${i % 13}`, i);
    if (i % 20 === 0) kv.run('BITOP', 'XOR', 'x', 'x', 'b', 'f');
  }
  const replay = replayOf(kv);
  for (const key of ['b', 'f', 'x']) assert.equal(replay.run('GET', key), kv.run('GET', key));
});
