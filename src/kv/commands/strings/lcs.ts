/** LCS: the longest common subsequence of two strings. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyRange } from '../../command/spec.ts';
import { ReplyError, SYNTAX_ERROR } from '../../errors.ts';
import { Type } from '../../keyspace/index.ts';
import { commonSubsequence, type Match } from '../../values/string/index.ts';

const NOT_STRINGS = new ReplyError('ERR The specified keys must contain string values');
const BOTH = new ReplyError('ERR If you want both the length and indexes, please just use IDX.');
const TOO_LARGE = new ReplyError(
  'ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len',
);
/** Bytes that Redis takes for each pair of bytes of the two strings, which its limit counts. */
const CELL_BYTES = 4;

function stringAt(call: Call, index: number): Buffer {
  const record = call.find(index);
  if (record === 0) return Buffer.alloc(0);
  if (call.db.typeOf(record) !== Type.string) throw NOT_STRINGS;
  return call.db.valueBytes(record);
}

function readOptions(call: Call) {
  const options = { length: false, indexes: false, withLength: false, lengthMin: 0 };
  for (let i = 3; i < call.count; i++) {
    const keyword = call.args.keyword(i);
    if (keyword === 'IDX') options.indexes = true;
    else if (keyword === 'LEN') options.length = true;
    else if (keyword === 'WITHMATCHLEN') options.withLength = true;
    else if (keyword === 'MINMATCHLEN' && i + 1 < call.count) {
      options.lengthMin = Math.max(0, call.int(++i));
    } else throw SYNTAX_ERROR;
  }
  if (options.indexes && options.length) throw BOTH;
  return options;
}

function lcs(call: Call): void {
  const { reply } = call;
  const a = stringAt(call, 1);
  const b = stringAt(call, 2);
  const options = readOptions(call);
  const cells = (a.length + 1) * (b.length + 1);
  if (cells * CELL_BYTES > call.engine.settings.protoMaxBulkLen) throw TOO_LARGE;
  const found = commonSubsequence(a, b, options.length ? 'length' : 'matches');
  if (options.length) {
    reply.integer(found.length);
    return;
  }
  if (options.indexes) {
    const matches = found.matches.filter((match) => match.length >= options.lengthMin);
    reply.map(2);
    reply.bulkText('matches');
    reply.array(matches.length);
    for (const match of matches) replyMatch(call, match, options.withLength);
    reply.bulkText('len');
    reply.integer(found.length);
    return;
  }
  const parts = found.matches.map((match) => a.subarray(match.a, match.a + match.length));
  reply.bulk(Buffer.concat(parts.reverse()));
}

function replyMatch({ reply }: Call, match: Match, withLength: boolean): void {
  reply.array(withLength ? 3 : 2);
  for (const start of [match.a, match.b]) {
    reply.array(2);
    reply.integer(start);
    reply.integer(start + match.length - 1);
  }
  if (withLength) reply.integer(match.length);
}

export const lcsCommands: readonly CommandSpec[] = [
  {
    name: 'lcs',
    arity: -3,
    flags: ['readonly'],
    keys: [keyRange({ access: 'RO', purpose: 'access', begin: 1, last: 1 })],
    acl: ['string'],
    group: 'string',
    since: '7.0.0',
    complexity: 'O(N*M) with strings of N and M bytes',
    summary: 'Finds the longest common subsequence of two strings.',
    syntax: 'key1 key2 [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]',
    run: lcs,
  },
];
