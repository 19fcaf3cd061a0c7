/**
 * What the slots of the grammar are filled with: few keys, few members, many odd numbers.
 *
 * Invariants: the pools are small, so that commands meet; nothing here makes a server
 * allocate more than some kilobytes; moments are absolute or far away, so that no key
 * expires while a sequence runs.
 */
import type { Chance } from './random.ts';

export type Slot = (chance: Chance) => readonly string[];

const one =
  (items: readonly string[]): Slot =>
  (chance) => [chance.pick(items)];

/** Each family prefers keys of its own, so that most commands meet the right type. */
const pools = {
  s: ['s1', 's2', 's3', 'w_a', 'w_1'],
  b: ['b1', 'b2', 'b3'],
  h: ['h1', 'h2', 'h3'],
  l: ['l1', 'l2', 'l3'],
  t: ['t1', 't2', 't3', 't4'],
  z: ['z1', 'z2', 'z3', 'z4'],
  x: ['x1', 'x2'],
  g: ['g1', 'g2'],
  p: ['p1', 'p2', 'p3'],
  any: ['k1', 'k2', 'k{tag}3', ''],
} as const;
type Pool = keyof typeof pools;

/** Not those of places, where scores that are none would have undefined results. */
const everyKey = Object.values({ ...pools, g: [] }).flat();

function key(pool: Pool): Slot {
  const own = pools[pool];
  return (chance) => {
    const draw = chance.unit();
    if (draw < 0.86) return [chance.pick(own)];
    return [chance.pick(draw < 0.95 ? pools.any : everyKey)];
  };
}

/** A number of keys and the keys, as ZUNION and its kin take them. */
function counted(of: Slot): Slot {
  return (chance) => {
    const count = chance.between(1, 3);
    const keys = Array.from({ length: count }, () => of(chance)[0] ?? '');
    return [String(chance.likely(0.97) ? count : chance.between(-1, 5)), ...keys];
  };
}

const long = 'long-'.repeat(14);
const members = [
  'a',
  'b',
  'c',
  'd',
  'e',
  'f',
  'aa',
  'B',
  '1',
  '2',
  '10',
  '-5',
  '',
  '\xff\x00',
  long,
];
export const values: readonly string[] = [
  '',
  '0',
  '1',
  '-1',
  '10',
  '12345678901',
  '9223372036854775807',
  '-9223372036854775808',
  '9223372036854775808',
  '3.0e3',
  '1.5',
  '-0.1',
  '0.1',
  '01',
  '+1',
  ' 1',
  'hello',
  'foobar\r\n',
  '\x00\x01\xff',
  'x'.repeat(44),
  'x'.repeat(45),
  long,
];
export const oddNumbers: readonly string[] = [
  '9223372036854775807',
  '-9223372036854775808',
  '9223372036854775808',
  '-9223372036854775809',
  '4294967296',
  '18446744073709551615',
  '1e3',
  '1.5',
  '0x10',
  '+1',
  '-0',
  '01',
  ' 1',
  '1 ',
  '',
  'abc',
  'nan',
  'inf',
];
const floats = [
  '0',
  '1',
  '-1',
  '2',
  '3',
  '1.5',
  '0.1',
  '0.2',
  '-0.1',
  '1e2',
  '3.14159265358979',
  '1e-7',
  '123456789.123',
  '1e17',
  '100000000000000000000',
  '1e300',
  '4503599627370497.5',
  '0.30000000000000004',
];
export const oddFloats: readonly string[] = [
  'inf',
  '-inf',
  '+inf',
  'nan',
  '',
  'abc',
  '0x1p3',
  '1e400',
  '1e-400',
  ' 1',
  '1 ',
  '-0',
];

function whole(low: number, high: number): Slot {
  return (chance) =>
    chance.likely(0.95) ? [String(chance.between(low, high))] : [chance.pick(oddNumbers)];
}

function real(chance: Chance): readonly string[] {
  if (chance.likely(0.5)) return [String(chance.between(-5, 9))];
  return [chance.pick(chance.likely(0.9) ? floats : oddFloats)];
}

const second = 1_900_000_000;

function streamId(chance: Chance): readonly string[] {
  const draw = chance.unit();
  const time = chance.between(1, 40);
  if (draw < 0.6) return [`${time}-${chance.between(0, 2)}`];
  if (draw < 0.92) return [String(time)];
  return [
    chance.pick(['0-0', '0', '18446744073709551615-18446744073709551615', '1-', '-1', 'x', '']),
  ];
}

function rangeId(chance: Chance): readonly string[] {
  const draw = chance.unit();
  if (draw < 0.25) return ['-'];
  if (draw < 0.5) return ['+'];
  const id = streamId(chance)[0] ?? '0';
  return [draw < 0.6 ? `(${id}` : id];
}

/** The slots by name; `{cmd}` and `{newid}`, which need the generator's state, are added there. */
export const slots: Readonly<Record<string, Slot>> = {
  key: (chance) => [chance.pick(everyKey)],
  skey: key('s'),
  bkey: key('b'),
  hkey: key('h'),
  lkey: key('l'),
  tkey: key('t'),
  zkey: key('z'),
  xkey: key('x'),
  gkey: key('g'),
  pkey: key('p'),
  // Lexicographic ranges are defined only where all scores are equal: these keys stay apart.
  lexkey: one(['lex1', 'lex2']),
  // Something SORT takes: a list, a set or a sorted set.
  ckey: (chance) => key(chance.pick(['l', 't', 'z'] as const))(chance),
  tkeys: counted(key('t')),
  lkeys: counted(key('l')),
  zkeys: counted((chance) => key(chance.likely(0.8) ? 'z' : 't')(chance)),
  value: one(values),
  member: one(members),
  int: whole(-10, 20),
  incr: (chance) => whole(-100, 1000)(chance),
  index: whole(-12, 12),
  count: whole(0, 6),
  signed: whole(-4, 6),
  positive: whole(1, 4),
  float: real,
  score: real,
  smin: (chance) => bound(chance, '-inf'),
  smax: (chance) => bound(chance, '+inf'),
  lex: (chance) => {
    const draw = chance.unit();
    if (draw < 0.2) return ['-'];
    if (draw < 0.4) return ['+'];
    return [`${draw < 0.68 ? '[' : draw < 0.97 ? '(' : ''}${chance.pick(members)}`];
  },
  pattern: one([
    '*',
    'a*',
    '?',
    '[a-c]*',
    '*1',
    'k[^1]',
    '\\*',
    'h?',
    '',
    '**',
    '[',
    's[1-2]',
    'nope',
  ]),
  type: one(['string', 'list', 'set', 'zset', 'hash', 'stream', 'nosuch']),
  ttl: (chance) => farAway(chance, 100_000, 10_000_000),
  pttl: (chance) => farAway(chance, 100_000_000, 9_000_000_000),
  at: (chance) => farAway(chance, second, second + 1000),
  pat: (chance) => farAway(chance, second * 1000, second * 1000 + 1_000_000),
  past: one(['-1', '0', '-100']),
  offset: (chance) =>
    chance.likely(0.95)
      ? [String(chance.between(0, 90))]
      : [chance.pick(['-1', '4294967296', '536870913', 'x', '1.5'])],
  // Half a billion would be a valid place here, and cost 64 MiB.
  bitplace: (chance) => [
    chance.likely(0.95)
      ? String(chance.between(0, 700))
      : chance.pick(['-1', '4294967296', '9223372036854775808', 'x', '1.5']),
  ],
  bit: one(['0', '1', '0', '1', '2', '-1', 'x']),
  bitoffset: (chance) => [
    chance.likely(0.9)
      ? `${chance.likely(0.3) ? '#' : ''}${chance.between(0, 70)}`
      : chance.pick(['-1', '#-1', 'x', '#', '4294967296']),
  ],
  bittype: one([
    'u8',
    'i8',
    'u1',
    'i5',
    'u16',
    'u32',
    'i32',
    'u63',
    'i64',
    'i63',
    'u64',
    'u0',
    'i65',
    'x8',
  ]),
  id: streamId,
  rangeid: rangeId,
  group: one(['grp1', 'grp2', 'grp1', 'nogroup']),
  consumer: one(['alice', 'bob', 'carol']),
  idle: one(['0', '0', '0', '100000000000', 'x', '-1']),
  lon: one([
    '13.361389',
    '15.087269',
    '2.352222',
    '-0.1275',
    '-122.4194',
    '0',
    '179.9',
    '-180',
    '181',
    'x',
  ]),
  lat: one([
    '38.115556',
    '37.502669',
    '48.856667',
    '51.507222',
    '37.7749',
    '0',
    '85',
    '-85.05',
    '86',
    'x',
  ]),
  place: one(['Palermo', 'Catania', 'Paris', 'London', 'here', 'a']),
  unit: one(['m', 'km', 'mi', 'ft', 'KM', 'x']),
  radius: one(['0', '1', '100', '200', '1500', '20000', '0.5', '-1', 'x']),
  by: one(['w_*', 'h1->*', 'h2->a', 'nosort', 'w_']),
  get: one(['#', 'w_*', 'h1->*', 's*', 'nosuch_*']),
  db: one(['0', '0', '0', '1', '1', '2', '16', 'x']),
  word: one(['hello', 'x', '']),
};

function bound(chance: Chance, infinity: string): readonly string[] {
  const draw = chance.unit();
  if (draw < 0.25) return [infinity];
  if (draw < 0.95) return [`${draw < 0.5 ? '(' : ''}${chance.between(-6, 10)}`];
  return [chance.pick(['x', '(', '(inf', '1.5', 'nan', ''])];
}

function farAway(chance: Chance, low: number, high: number): readonly string[] {
  if (chance.likely(0.95)) return [String(chance.between(low, high))];
  return [
    chance.pick([
      '0',
      '-1',
      'x',
      '1.5',
      '',
      '9223372036854775807',
      '9223372036854775',
      '-9223372036854775808',
    ]),
  ];
}
