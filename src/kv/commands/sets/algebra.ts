/** SINTER, SUNION, SDIFF and their kin. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyRange } from '../../command/spec.ts';
import { ReplyError, SYNTAX_ERROR } from '../../errors.ts';
import { Notify } from '../../notify.ts';
import { encodingOf, isInteger, type MemberVisitor, SetBuilder } from '../../values/set/index.ts';
import { intersect, operands, smallestOf, subtract, unite } from './operands.ts';

const NUMKEYS = new ReplyError('ERR numkeys should be greater than 0');
const TOO_MANY_KEYS = new ReplyError("ERR Number of keys can't be greater than number of args");
const NEGATIVE_LIMIT = new ReplyError("ERR LIMIT can't be negative");

/** Replies the set that `combine` visits member by member. */
function replySet(call: Call, combine: (visit: MemberVisitor) => void): void {
  const { reply } = call;
  const mark = reply.deferred();
  let count = 0;
  combine((buf, start, length) => {
    reply.bulk(buf, start, start + length);
    count++;
    return true;
  });
  reply.endDeferred(mark, 'set', count);
}

/** Makes what was built the value of the key at argument 1, or removes the key if it is empty. */
function store(call: Call, built: SetBuilder, event: string): void {
  const { args, reply } = call;
  const size = built.size;
  const existed = call.removeKey(1);
  if (size === 0) {
    built.drop();
    if (existed) call.changed(1, Notify.generic, 'del');
  } else {
    built.finish(args.buf, args.start(1), args.length(1));
    if (!existed) call.notify(1, Notify.new, 'new');
    call.changed(1, Notify.set, event);
  }
  reply.integer(size);
}

function addTo(built: SetBuilder): MemberVisitor {
  return (buf, start, length) => {
    built.add(buf, start, length);
    return true;
  };
}

function sinter(call: Call): void {
  const records = operands(call, 1, call.count);
  replySet(call, (visit) => intersect(call.db, records, visit));
}

function sinterstore(call: Call): void {
  const { db } = call;
  const records = operands(call, 2, call.count);
  const smallest = smallestOf(db, records);
  const integers = smallest !== 0 && encodingOf(db, smallest) === 'intset';
  const built = new SetBuilder(db, call.engine.settings, 0, integers ? 'intset' : 'listpack');
  let onlyIntegers = true;
  intersect(db, records, (buf, start, length) => {
    onlyIntegers &&= isInteger(buf, start, length);
    built.add(buf, start, length);
    return true;
  });
  if (onlyIntegers) built.preferIntset();
  store(call, built, 'sinterstore');
}

function sintercard(call: Call): void {
  const { args } = call;
  const keys = call.intBetween(1, 1, Number.POSITIVE_INFINITY, NUMKEYS);
  if (keys > call.count - 2) throw TOO_MANY_KEYS;
  let limit = 0;
  for (let i = 2 + keys; i < call.count; i++) {
    if (args.keyword(i) !== 'LIMIT' || i + 1 >= call.count) throw SYNTAX_ERROR;
    limit = call.intBetween(++i, 0, Number.POSITIVE_INFINITY, NEGATIVE_LIMIT);
  }
  let count = 0;
  intersect(call.db, operands(call, 2, 2 + keys), () => ++count !== limit);
  call.reply.integer(count);
}

function sunion(call: Call): void {
  const records = operands(call, 1, call.count);
  replySet(call, (visit) => unite(call.db, call.engine.settings, records, visit));
}

function sunionstore(call: Call): void {
  const { db } = call;
  const records = operands(call, 2, call.count);
  const built = new SetBuilder(db, call.engine.settings, 0, 'intset');
  // The builder leaves out what it has already.
  for (const record of new Set(records)) {
    if (record !== 0) unite(db, call.engine.settings, [record], addTo(built));
  }
  store(call, built, 'sunionstore');
}

function sdiff(call: Call): void {
  const records = operands(call, 1, call.count);
  replySet(call, (visit) => subtract(call.db, call.engine.settings, records, visit));
}

function sdiffstore(call: Call): void {
  const { db } = call;
  const { settings } = call.engine;
  const records = operands(call, 2, call.count);
  const built = new SetBuilder(db, settings, 0, 'intset');
  subtract(db, settings, records, addTo(built));
  store(call, built, 'sdiffstore');
}

const reads = {
  arity: -2,
  flags: ['readonly'],
  keys: [keyRange({ access: 'RO', purpose: 'access', begin: 1, last: -1 })],
  acl: ['set'],
  group: 'set',
  since: '1.0.0',
  syntax: 'key [key ...]',
  tips: ['nondeterministic_output_order'],
} as const;

const stores = {
  arity: -3,
  flags: ['write', 'denyoom'],
  keys: [
    keyRange({ access: 'OW', purpose: 'update', begin: 1, last: 0 }),
    keyRange({ access: 'RO', purpose: 'access', begin: 2, last: -1 }),
  ],
  acl: ['set'],
  group: 'set',
  since: '1.0.0',
  syntax: 'destination key [key ...]',
} as const;

export const algebraCommands: readonly CommandSpec[] = [
  {
    ...reads,
    name: 'sinter',
    complexity: 'O(N*M) with N members in the smallest of M sets',
    summary: 'Returns the members that all sets have.',
    run: sinter,
  },
  {
    ...stores,
    name: 'sinterstore',
    keys: [
      keyRange({ access: 'RW', purpose: 'update', begin: 1, last: 0 }),
      keyRange({ access: 'RO', purpose: 'access', begin: 2, last: -1 }),
    ],
    complexity: 'O(N*M) with N members in the smallest of M sets',
    summary: 'Stores the members that all sets have.',
    run: sinterstore,
  },
  {
    name: 'sintercard',
    arity: -3,
    flags: ['readonly', 'movablekeys'],
    keys: [{ access: 'RO', purpose: 'access', begin: 1, find: { keynum: 0, first: 1, step: 1 } }],
    acl: ['set'],
    group: 'set',
    since: '7.0.0',
    complexity: 'O(N*M) with N members in the smallest of M sets',
    summary: 'Counts the members that all sets have, up to a limit.',
    syntax: 'numkeys key [key ...] [LIMIT limit]',
    run: sintercard,
  },
  {
    ...reads,
    name: 'sunion',
    complexity: 'O(N) with N members in all sets together',
    summary: 'Returns the members that any of the sets has.',
    run: sunion,
  },
  {
    ...stores,
    name: 'sunionstore',
    complexity: 'O(N) with N members in all sets together',
    summary: 'Stores the members that any of the sets has.',
    run: sunionstore,
  },
  {
    ...reads,
    name: 'sdiff',
    complexity: 'O(N) with N members in all sets together',
    summary: 'Returns the members of the first set that no other has.',
    run: sdiff,
  },
  {
    ...stores,
    name: 'sdiffstore',
    complexity: 'O(N) with N members in all sets together',
    summary: 'Stores the members of the first set that no other has.',
    run: sdiffstore,
  },
];
