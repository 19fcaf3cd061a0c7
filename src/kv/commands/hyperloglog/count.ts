/** PFADD, PFCOUNT, PFMERGE: HyperLogLogs. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyAt1, keyRange } from '../../command/spec.ts';
import { Notify } from '../../notify.ts';
import {
  cacheCardinality,
  cachedCardinality,
  estimateRegisters,
  estimateSketch,
  forgetCardinality,
  isDense,
  mergeSketch,
  Raised,
  REGISTERS,
} from '../../values/hyperloglog/index.ts';
import { markRaw } from '../../values/string/index.ts';
import {
  CORRUPTED,
  hyperloglogFamily,
  openSketch,
  sketch,
  sketchBytes,
  storeSketch,
} from './shared.ts';

/** Registers of several sketches together, one in a byte. */
const union = new Uint8Array(REGISTERS);

function pfadd(call: Call): void {
  const { args } = call;
  const record = call.findForWrite(1);
  openSketch(call, record);
  const sparseBytesMax = call.engine.settings.hllSparseMaxBytes;
  let changed = record === 0;
  for (let i = 2; i < call.count; i++) {
    const raised = sketch.add(args.buf, args.start(i), args.length(i), sparseBytesMax);
    // Only sparse sketches can be broken, and those are stored when all is well.
    if (raised === Raised.corrupted) throw CORRUPTED;
    if (raised === Raised.changed) changed = true;
  }
  if (changed) {
    forgetCardinality(sketch.bytes, sketch.start);
    storeSketch(call, record, 1);
    call.changed(1, Notify.string, 'pfadd');
  }
  call.reply.integer(changed ? 1 : 0);
}

function pfcount(call: Call): void {
  if (call.count > 2) {
    uniteFrom(call, 1);
    call.reply.integer(estimateRegisters(union));
    return;
  }
  const record = call.find(1);
  if (record === 0) {
    call.reply.integer(0);
    return;
  }
  const { bytes, start, length } = sketchBytes(call, record);
  const cached = cachedCardinality(bytes, start);
  if (cached !== undefined) {
    call.reply.bigInteger(BigInt.asIntN(64, cached));
    return;
  }
  const cardinality = estimateSketch(bytes, start, length);
  if (cardinality === undefined) throw CORRUPTED;
  // The answer is kept in the value, so that a read is a write here, and is logged.
  call.db.prepareForChange(record);
  cacheCardinality(bytes, start, BigInt(cardinality));
  markRaw(call.db, record);
  call.changed(1, NO_EVENT, '');
  call.effect('PFCOUNT', call.args.copy(1));
  call.reply.integer(cardinality);
}

/** Class of a change that listeners for events do not hear of. */
const NO_EVENT = 0;

/**
 * Unites the sketches of the keys from argument `from` on; returns whether one of them is dense.
 * @throws ReplyError when one of them is none.
 */
function uniteFrom(call: Call, from: number): boolean {
  union.fill(0);
  let dense = false;
  for (let i = from; i < call.count; i++) {
    const record = call.find(i);
    if (record === 0) continue;
    const { bytes, start, length } = sketchBytes(call, record);
    if (!mergeSketch(union, bytes, start, length)) throw CORRUPTED;
    if (isDense(bytes, start)) dense = true;
  }
  return dense;
}

function pfmerge(call: Call): void {
  const dense = uniteFrom(call, 1);
  const record = call.findForWrite(1);
  openSketch(call, record);
  if (dense) sketch.toDense();
  const sparseBytesMax = call.engine.settings.hllSparseMaxBytes;
  if (!sketch.raiseAll(union, sparseBytesMax)) throw CORRUPTED;
  forgetCardinality(sketch.bytes, sketch.start);
  storeSketch(call, record, 1);
  call.changed(1, Notify.string, 'pfadd');
  call.reply.ok();
}

export const countCommands: readonly CommandSpec[] = [
  {
    ...hyperloglogFamily,
    name: 'pfadd',
    arity: -2,
    flags: ['write', 'denyoom', 'fast'],
    keys: keyAt1('RW', 'insert'),
    since: '2.8.9',
    complexity: 'O(1) for each element',
    summary: 'Adds elements to a HyperLogLog, made when missing.',
    syntax: 'key [element [element ...]]',
    run: pfadd,
  },
  {
    ...hyperloglogFamily,
    name: 'pfcount',
    arity: -2,
    flags: ['readonly', 'may_replicate'],
    keys: [keyRange({ access: 'RW', purpose: 'access', begin: 1, last: -1 })],
    since: '2.8.9',
    complexity: 'O(1) for one key, with a large constant when it has changed; O(N) for N keys',
    summary: 'Returns about how many different elements were added to HyperLogLogs.',
    syntax: 'key [key ...]',
    run: pfcount,
  },
  {
    ...hyperloglogFamily,
    name: 'pfmerge',
    arity: -2,
    flags: ['write', 'denyoom'],
    keys: [
      { ...keyRange({ access: 'RW', purpose: 'insert', begin: 1, last: 0 }), alsoRead: true },
      keyRange({ access: 'RO', purpose: 'access', begin: 2, last: -1 }),
    ],
    since: '2.8.9',
    complexity: 'O(N) with N sources, with a large constant',
    summary: 'Adds all that HyperLogLogs hold to another one.',
    syntax: 'destkey [sourcekey [sourcekey ...]]',
    run: pfmerge,
  },
];
