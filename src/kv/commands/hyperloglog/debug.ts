/** PFDEBUG and PFSELFTEST: a look inside HyperLogLogs. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyRange } from '../../command/spec.ts';
import { ReplyError, wrongArity } from '../../errors.ts';
import type { Address } from '../../memory/index.ts';
import { Notify } from '../../notify.ts';
import {
  denseRegister,
  eachRun,
  estimateSketch,
  HEADER_BYTES,
  isDense,
  REGISTERS,
  Sketch,
} from '../../values/hyperloglog/index.ts';
import {
  CORRUPTED,
  hyperloglogFamily,
  openSketch,
  sketch,
  sketchBytes,
  storeSketch,
} from './shared.ts';

const NO_KEY = new ReplyError('ERR The specified key does not exist');
const NOT_SPARSE = new ReplyError('ERR HLL encoding is not sparse');

const SUBCOMMANDS: Readonly<Record<string, (call: Call, record: Address) => void>> = {
  GETREG: getRegisters,
  DECODE: decode,
  ENCODING: encoding,
  TODENSE: toDense,
};

function pfdebug(call: Call): void {
  const word = call.args.text(1);
  const record = call.findForWrite(2);
  if (record === 0) throw NO_KEY;
  sketchBytes(call, record);
  const subcommand = SUBCOMMANDS[word.toUpperCase()];
  if (subcommand === undefined) {
    throw new ReplyError(`ERR Unknown PFDEBUG subcommand '${word}'`);
  }
  if (call.count !== 3) throw wrongArity('pfdebug');
  subcommand(call, record);
}

/** Makes the sketch of a record dense, and says so. Returns whether it was not. */
function densify(call: Call, record: Address): boolean {
  openSketch(call, record);
  if (sketch.dense) return false;
  if (!sketch.toDense()) throw CORRUPTED;
  storeSketch(call, record, 2);
  call.changed(2, Notify.string, 'pfdebug');
  call.effect('PFDEBUG', 'TODENSE', call.args.copy(2));
  return true;
}

function getRegisters(call: Call, record: Address): void {
  densify(call, record);
  const { bytes, start } = sketchBytes(call, call.findForWrite(2));
  call.reply.array(REGISTERS);
  for (let index = 0; index < REGISTERS; index++) {
    call.reply.integer(denseRegister(bytes, start + HEADER_BYTES, index));
  }
}

function decode(call: Call, record: Address): void {
  const { bytes, start, length } = sketchBytes(call, record);
  if (isDense(bytes, start)) throw NOT_SPARSE;
  const words: string[] = [];
  let bytesSeen = HEADER_BYTES;
  eachRun(bytes, start + HEADER_BYTES, start + length, (_first, run, count) => {
    const isLong = count === 0 && bytes[start + bytesSeen]! >= 64;
    bytesSeen += isLong ? 2 : 1;
    if (count > 0) words.push(`v:${count},${run}`);
    else words.push(`${isLong ? 'Z' : 'z'}:${run}`);
  });
  call.reply.bulkText(words.join(' '));
}

function encoding(call: Call, record: Address): void {
  const { bytes, start } = sketchBytes(call, record);
  call.reply.simple(isDense(bytes, start) ? 'dense' : 'sparse');
}

function toDense(call: Call, record: Address): void {
  call.reply.integer(densify(call, record) ? 1 : 0);
}

/** Elements that PFSELFTEST adds. */
const TEST_ELEMENTS = 100_000;
/** Standard error of an estimate: 1.04 / sqrt(registers). */
const RELATIVE_ERROR = 1.04 / Math.sqrt(REGISTERS);

/** Random elements into a sparse and a dense sketch: both have to agree, and be about right. */
function pfselftest(call: Call): void {
  const sparse = new Sketch().openEmpty();
  const dense = new Sketch().openEmpty();
  dense.toDense();
  const { random } = call.engine;
  const element = Buffer.alloc(8);
  element.writeUInt32LE(random.u32(), 4);
  for (let count = 1, checkpoint = 1; count <= TEST_ELEMENTS; count++) {
    element.writeUInt32LE(count, 0);
    sparse.add(element, 0, element.length, call.engine.settings.hllSparseMaxBytes);
    dense.add(element, 0, element.length, 0);
    if (count !== checkpoint) continue;
    const estimate = estimateSketch(dense.bytes, dense.start, dense.length);
    if (estimate !== estimateSketch(sparse.bytes, sparse.start, sparse.length)) {
      throw new ReplyError('TESTFAILED dense/sparse disagree');
    }
    const errorMax = checkpoint === 10 ? 1 : Math.ceil(RELATIVE_ERROR * 6 * checkpoint);
    if (estimate === undefined || Math.abs(checkpoint - estimate) > errorMax) {
      throw new ReplyError(`TESTFAILED Too big error. card:${checkpoint} abserr:${estimate}`);
    }
    checkpoint *= 10;
  }
  call.reply.ok();
}

export const debugCommands: readonly CommandSpec[] = [
  {
    ...hyperloglogFamily,
    name: 'pfdebug',
    arity: -3,
    flags: ['write', 'denyoom', 'admin'],
    keys: [keyRange({ access: 'RW', purpose: 'access', begin: 2, last: 0 })],
    since: '2.8.9',
    complexity: 'O(1), with a large constant',
    summary: 'Shows the registers and the form of a HyperLogLog.',
    syntax: '<GETREG | DECODE | ENCODING | TODENSE> key',
    run: pfdebug,
  },
  {
    ...hyperloglogFamily,
    name: 'pfselftest',
    arity: 1,
    flags: ['admin'],
    since: '2.8.9',
    complexity: 'O(1), with a large constant',
    summary: 'Tests the HyperLogLog code.',
    syntax: '',
    run: pfselftest,
  },
];
