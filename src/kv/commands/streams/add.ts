/** XADD. Benchmark: bench/kv. */
import { Args } from '../../../core/wire/index.ts';
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyAt1 } from '../../command/spec.ts';
import { ReplyError, wrongArity } from '../../errors.ts';
import { Notify } from '../../notify.ts';
import { EntryId, formatId, Parsed, parseId, Stream } from '../../values/stream/index.ts';
import { createStream, findStreamForWrite, isChar, replyId, streamFamily } from './common.ts';
import { LoggedArgs } from './logged-args.ts';
import { TrimArgs } from './trim-args.ts';

const STAR = 42;
/** Bytes of all fields and values of one entry. */
const ENTRY_BYTES_MAX = 2 ** 30 - 65_536;

const INVALID_ID = new ReplyError('ERR Invalid stream ID specified as stream command argument');
const ARITY = wrongArity('xadd');
const ZERO_ID = new ReplyError('ERR The ID specified in XADD must be greater than 0-0');
const EXHAUSTED = new ReplyError(
  'ERR The stream has exhausted the last possible ID, unable to add more items',
);
const NOT_GREATER = new ReplyError(
  'ERR The ID specified in XADD is equal or smaller than the target stream top item',
);
const TOO_LARGE = new ReplyError('ERR Elements are too large to be stored');

const given = new EntryId();
const id = new EntryId();
const trim = new TrimArgs();
const logged = new LoggedArgs();
const pairs = { args: new Args(), from: 0, to: 0 };

function xadd(call: Call): void {
  const { args } = call;
  let at = 2;
  trim.reset();
  if (!isChar(call, 2, STAR)) {
    at = trim.read(call, true);
  }
  const parsed = readId(call, at);
  trim.check(call, true);
  const values = args.count - at - 1;
  if (values < 2 || values % 2 === 1) throw ARITY;
  if (parsed === Parsed.whole && given.isZero) throw ZERO_ID;
  const found = findStreamForWrite(call, 1);
  if (found === undefined && trim.noMakeStream) {
    call.reply.null();
    return;
  }
  chooseId(call, found, parsed);
  checkSize(args, at + 1);
  const stream = found ?? createStream(call, 1, new Stream(call.db.arena));
  pairs.args = args;
  pairs.from = at + 1;
  pairs.to = args.count;
  stream.append(id, pairs, call.engine.settings);
  replyId(call.reply, id);
  call.changed(1, Notify.stream, 'xadd');
  if (trim.trims && trim.apply(stream) > 0) call.notify(1, Notify.stream, 'xtrim');
  if (parsed !== Parsed.whole || trim.approximate || trim.policy !== undefined)
    log(call, stream, at);
}

/** Reads the id at an argument into `given`; `invalid` stands for `*`. */
function readId(call: Call, at: number): Parsed {
  const { args } = call;
  if (at >= args.count || isChar(call, at, STAR)) return Parsed.invalid;
  const parsed = parseId(args.buf, args.start(at), args.end(at), false, given);
  if (parsed === Parsed.invalid) throw INVALID_ID;
  return parsed;
}

/** Sets `id` to the id that the entry gets. */
function chooseId(call: Call, stream: Stream | undefined, parsed: Parsed): void {
  if (stream?.lastId.isMax) throw EXHAUSTED;
  if (parsed === Parsed.invalid) {
    id.setZero();
    id.setMs(call.nowMs);
    if (stream === undefined || id.compare(stream.lastId) > 0) return;
    id.set(stream.lastId).increment();
    return;
  }
  id.set(given);
  const last = stream?.lastId;
  if (parsed === Parsed.anySeq && (last === undefined ? given.isZero : last.sameMs(given))) {
    if (last !== undefined) id.set(last);
    if (id.seqIsMax) throw NOT_GREATER;
    id.increment();
  }
  if (last !== undefined && id.compare(last) <= 0) throw NOT_GREATER;
}

function checkSize(args: Args, from: number): void {
  let bytes = 0;
  for (let i = from; i < args.count; i++) bytes += args.length(i);
  if (bytes + (args.count - from) * 5 > ENTRY_BYTES_MAX) throw TOO_LARGE;
}

/** Logs the command with its id and its trimming as they came out. */
function log(call: Call, stream: Stream, at: number): void {
  if (call.engine.effects.sink === undefined) return;
  const { args } = call;
  logged.begin();
  logged.copy(args, 0);
  logged.copy(args, 1);
  if (trim.trims) for (const word of trim.outcome(stream)) logged.text(word);
  logged.room(64);
  logged.end(formatId(id, logged.buf, logged.at));
  for (let i = at + 1; i < args.count; i++) logged.copy(args, i);
  call.logged = logged.args;
}

export const addCommands: readonly CommandSpec[] = [
  {
    ...streamFamily,
    name: 'xadd',
    arity: -5,
    flags: ['write', 'denyoom', 'fast'],
    keys: keyAt1('RW', 'update'),
    since: '5.0.0',
    complexity: 'O(1) when adding an entry, O(N) when trimming, N being the entries removed',
    summary: 'Appends an entry to a stream; creates the stream if need be.',
    syntax:
      'key [NOMKSTREAM] [KEEPREF | DELREF | ACKED] [<MAXLEN | MINID> [= | ~] threshold [LIMIT count]] <* | id> field value [field value ...]',
    tips: ['nondeterministic_output'],
    run: xadd,
  },
];
