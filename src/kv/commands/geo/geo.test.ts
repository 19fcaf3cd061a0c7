import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestStore, type Reply, type TestStore } from '../../testing/harness.ts';

const SYNTAX = { error: 'ERR syntax error' };
const WRONGTYPE = { error: 'WRONGTYPE Operation against a key holding the wrong kind of value' };
const UNIT = { error: 'ERR unsupported unit provided. please use M, KM, FT, MI' };

function check(lines: [string, Reply][], kv = sicily()): TestStore {
  for (const [line, reply] of lines) assert.deepEqual(kv.run(...line.split(' ')), reply, line);
  return kv;
}

/** The points of the examples in the command reference. */
function sicily(): TestStore {
  const kv = createTestStore();
  kv.run('GEOADD', 'g', 13.361389, 38.115556, 'Palermo', 15.087269, 37.502669, 'Catania');
  kv.run('GEOADD', 'g', 12.758489, 38.788135, 'edge1', 17.24151, 38.788135, 'edge2');
  kv.run('SET', 'str', 'x');
  return kv;
}

test('GEOADD adds points as members with geohashes for scores', () => {
  check([
    ['ZSCORE g Palermo', '3479099956230698'],
    ['ZSCORE g Catania', '3479447370796909'],
    ['GEOADD g CH 13.4 38.1 Palermo 1 1 new', 2],
    ['GEOADD g NX 1 1 Palermo', 0],
    ['GEOADD g XX 1 1 nobody', 0],
    ['GEOADD g NX XX 1 1 a', SYNTAX],
    ['GEOADD g 1 1 a 2', SYNTAX],
    ['GEOADD g x 1 a', { error: 'ERR value is not a valid float' }],
    ['GEOADD g 1 86 a', { error: 'ERR invalid longitude,latitude pair 1.000000,86.000000' }],
    ['GEOADD g -0 86 a', { error: 'ERR invalid longitude,latitude pair -0.000000,86.000000' }],
    ['GEOADD g -181 8 a', { error: 'ERR invalid longitude,latitude pair -181.000000,8.000000' }],
    ['GEOADD str 1 1 a', WRONGTYPE],
    ['ZCARD g', 5],
  ]);
});

test('points are told with all their digits', () => {
  check([
    [
      'GEOPOS g Palermo nobody Catania',
      [
        ['13.36138933897018433', '38.11555639549629859'],
        null,
        ['15.08726745843887329', '37.50266842333162032'],
      ],
    ],
    ['GEOPOS none a b', [null, null]],
    ['GEOPOS str a', WRONGTYPE],
    ['GEOHASH g Palermo Catania nobody', ['sqc8b49rny0', 'sqdtr74hyu0', null]],
    ['GEOHASH none a', [null]],
  ]);
  const kv = sicily();
  kv.resp3 = true;
  assert.deepEqual(kv.run('GEOPOS', 'g', 'Palermo'), [
    [{ double: 13.361389338970184 }, { double: 38.1155563954963 }],
  ]);
});

test('distances have four decimals', () => {
  check([
    ['GEODIST g Palermo Catania', '166274.1516'],
    ['GEODIST g Palermo Catania km', '166.2742'],
    ['GEODIST g Palermo Catania MI', '103.3182'],
    ['GEODIST g Palermo Palermo ft', '0.0000'],
    ['GEODIST g Palermo nobody', null],
    ['GEODIST none a b', null],
    ['GEODIST g Palermo Catania yard', UNIT],
    ['GEODIST g Palermo Catania m m', SYNTAX],
  ]);
});

test('GEOSEARCH finds points in circles and boxes', () => {
  check([
    ['GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km ASC', ['Catania', 'Palermo']],
    ['GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km DESC COUNT 1', ['Palermo']],
    ['GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 m', []],
    [
      'GEOSEARCH g FROMLONLAT 15 37 BYBOX 400 400 km ASC WITHCOORD WITHDIST WITHHASH COUNT 1',
      [['Catania', '56.4413', 3479447370796909, ['15.08726745843887329', '37.50266842333162032']]],
    ],
    [
      'GEOSEARCH g FROMLONLAT 15 37 BYBOX 400 400 km ASC WITHDIST',
      [
        ['Catania', '56.4413'],
        ['Palermo', '190.4424'],
        ['edge2', '279.7403'],
        ['edge1', '279.7405'],
      ],
    ],
    ['GEOSEARCH g FROMMEMBER Palermo BYRADIUS 1 km', ['Palermo']],
    ['GEOSEARCH none FROMMEMBER Palermo BYRADIUS 1 km', []],
    ['GEOSEARCH str FROMMEMBER Palermo BYRADIUS 1 km', WRONGTYPE],
  ]);
});

test('COUNT means the nearest, with ANY just any', () => {
  const kv = check([['GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 900 km COUNT 1', ['Catania']]]);
  const any = kv.run(
    'GEOSEARCH',
    'g',
    'FROMLONLAT',
    15,
    37,
    'BYRADIUS',
    900,
    'km',
    'COUNT',
    2,
    'ANY',
  );
  assert.ok(Array.isArray(any));
  assert.equal(new Set(any).size, 2);
});

test('GEOSEARCH refuses what Redis refuses', () => {
  const from = 'GEOSEARCH g FROMLONLAT 1 1';
  check([
    [`${from} BYRADIUS 1 km COUNT 0`, { error: 'ERR COUNT must be > 0' }],
    [`${from} BYRADIUS 1 km ANY`, { error: 'ERR the ANY argument requires COUNT argument' }],
    [`${from} BYRADIUS x km`, { error: 'ERR need numeric radius' }],
    [`${from} BYRADIUS -1 km`, { error: 'ERR radius cannot be negative' }],
    [`${from} BYRADIUS 1 yard`, UNIT],
    [`${from} BYBOX x 1 km`, { error: 'ERR need numeric width' }],
    [`${from} BYBOX 1 x km`, { error: 'ERR need numeric height' }],
    [`${from} BYBOX -1 1 km`, { error: 'ERR height or width cannot be negative' }],
    [`${from} BYRADIUS 1 km BYBOX 1 1 km`, SYNTAX],
    [`${from} FROMMEMBER Palermo BYRADIUS 1 km`, SYNTAX],
    [`${from} BYRADIUS 1 km STORE d`, SYNTAX],
    [`${from} BYRADIUS 1 km STOREDIST`, SYNTAX],
    [
      'GEOSEARCH g FROMMEMBER nobody BYRADIUS 1 km',
      { error: 'ERR could not decode requested zset member' },
    ],
    [
      `${from} ASC WITHDIST`,
      { error: 'ERR exactly one of BYRADIUS and BYBOX can be specified for GEOSEARCH' },
    ],
    [
      'GEOSEARCH g BYRADIUS 1 km ASC WITHDIST',
      { error: 'ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for GEOSEARCH' },
    ],
  ]);
});

test('GEOSEARCHSTORE stores points or distances', () => {
  const kv = check([
    ['GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 200 km', 2],
    ['ZRANGE d 0 -1 WITHSCORES', ['Palermo', '3479099956230698', 'Catania', '3479447370796909']],
    ['GEOSEARCHSTORE str g FROMLONLAT 15 37 BYBOX 400 400 km COUNT 1 STOREDIST', 1],
    ['ZRANGE str 0 -1', ['Catania']],
    [
      'GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 200 km WITHDIST',
      {
        error: 'ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options',
      },
    ],
    ['GEOSEARCHSTORE d none FROMLONLAT 15 37 BYRADIUS 200 km', 0],
    ['ZCARD d', 0],
  ]);
  assert.match(String(kv.run('ZSCORE', 'str', 'Catania')), /^56\.44125787/);
});

test('GEORADIUS and its kin do the same in their older syntax', () => {
  check([
    ['GEORADIUS g 15 37 200 km ASC', ['Catania', 'Palermo']],
    [
      'GEORADIUS g 15 37 200 km WITHDIST DESC',
      [
        ['Palermo', '190.4424'],
        ['Catania', '56.4413'],
      ],
    ],
    ['GEORADIUS_RO g 15 37 100 km', ['Catania']],
    ['GEORADIUS_RO g 15 37 100 km STORE d', SYNTAX],
    ['GEORADIUS g 15 37 200 km STORE d', 2],
    ['ZCARD d', 2],
    ['GEORADIUS g 15 37 200 km STOREDIST d COUNT 1', 1],
    ['ZRANGE d 0 -1', ['Catania']],
    ['GEORADIUS none 15 37 200 km STORE d', 0],
    ['ZCARD d', 0],
    [
      'GEORADIUS g 15 37 200 km STORE d WITHDIST',
      {
        error:
          'ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options',
      },
    ],
    ['GEORADIUSBYMEMBER g Palermo 200 km ASC', ['Palermo', 'edge1', 'Catania']],
    ['GEORADIUSBYMEMBER_RO g Palermo 10 km', ['Palermo']],
    ['GEORADIUSBYMEMBER none Palermo 10 km', []],
    ['GEORADIUSBYMEMBER g nobody 10 km', { error: 'ERR could not decode requested zset member' }],
  ]);
});
