/**
 * What the payloads of frames say, pure. Grammar: docs/formats/files-wire.md.
 *
 * Invariant: what is read is whole, in its bounds, and has nothing behind it; else `FrameProblem`.
 */
import { type BlockName, dataBytes } from '../blocks/format.ts';
import { RecordDamage, RecordReader, RecordWriter } from '../codec.ts';
import { FilesError, type FilesErrorCode, filesErrorTable } from '../errors.ts';
import { FrameProblem } from './frames.ts';

/** DataNodes behind the first one of a pipeline. */
export const CHAIN_MAX = 10;
/** Names of blocks in one DELETE. */
export const NAMES_MAX = 2048;
/** Replicas in one REPORT, and changes in one CHANGES. */
export const REPLICAS_MAX = 4096;
const DISKS_MAX = 256;
const DETAIL_MAX = 512;

export interface StoredReplica extends BlockName {
  readonly length: number;
}

export interface WriteRequest extends BlockName {
  readonly bytesMax: number;
  /** Addresses of the others, in their order. */
  readonly rest: readonly string[];
}

export interface SettleRequest extends BlockName {
  readonly nextStamp: number;
  readonly length: number;
}

export interface ReadRequest extends BlockName {
  readonly from: number;
  readonly to: number;
}

export interface CopyRequest extends BlockName {
  readonly length: number;
  readonly address: string;
}

/** A disk of a DataNode, as it tells of it. */
export interface DiskFacts {
  readonly id: string;
  readonly state: 'open' | 'full' | 'failed';
  readonly freeBytes: number;
  readonly totalBytes: number;
}

export interface Registration {
  readonly id: string;
  readonly address: string;
  readonly rack: string;
  readonly disks: readonly DiskFacts[];
}

export interface Beat {
  readonly transfers: number;
  readonly disks: readonly DiskFacts[];
}

export interface ReportedReplica extends StoredReplica {
  /** Its node knows that it is damaged. */
  readonly isCorrupt?: boolean;
}

export interface ReportPage {
  readonly isFirst: boolean;
  readonly isLast: boolean;
  readonly replicas: readonly ReportedReplica[];
}

export interface ReplicaChange extends StoredReplica {
  readonly kind: ChangeKind;
}

const CHANGE_KINDS = ['received', 'removed', 'corrupt', 'whole'] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];
const DISK_STATES = ['open', 'full', 'failed'] as const;

/** Reads a payload whole. @throws FrameProblem. */
export function parsed<T>(payload: Buffer, read: (reader: RecordReader) => T): T {
  try {
    const reader = new RecordReader(payload);
    const value = read(reader);
    if (reader.more) throw new FrameProblem('a payload has more bytes than it should');
    return value;
  } catch (error) {
    if (error instanceof RecordDamage) throw new FrameProblem(error.message, { cause: error });
    throw error;
  }
}

export function encodeName({ block, stamp }: BlockName): Buffer {
  return new RecordWriter(16).varint(block).varint(stamp).done();
}

function readName(reader: RecordReader): BlockName {
  return { block: reader.varint(), stamp: reader.varint() };
}

/** The head of a PUT. @returns the name and where the body begins. */
export function decodePut(payload: Buffer): { readonly name: BlockName; readonly at: number } {
  try {
    const reader = new RecordReader(payload);
    const name = readName(reader);
    const at = encodeName(name).length;
    if (dataBytes(payload.length - at) === undefined) throw new FrameProblem('no such body');
    return { name, at };
  } catch (error) {
    if (error instanceof RecordDamage) throw new FrameProblem(error.message, { cause: error });
    throw error;
  }
}

export function encodeWrite({ block, stamp, bytesMax, rest }: WriteRequest): Buffer {
  const writer = new RecordWriter()
    .varint(block)
    .varint(stamp)
    .varint(bytesMax)
    .varint(rest.length);
  for (const address of rest) writer.text(address);
  return writer.done();
}

export function decodeWrite(payload: Buffer): WriteRequest {
  return parsed(payload, (reader) => {
    const name = readName(reader);
    const bytesMax = reader.varint();
    const count = bounded(reader.varint(), CHAIN_MAX);
    const rest: string[] = [];
    while (rest.length < count) rest.push(reader.text());
    return { ...name, bytesMax, rest };
  });
}

export function encodeSettle({ block, stamp, nextStamp, length }: SettleRequest): Buffer {
  const writer = new RecordWriter(32).varint(block).varint(stamp);
  return writer.varint(nextStamp).varint(length).done();
}

export function decodeSettle(payload: Buffer): SettleRequest {
  return parsed(payload, (reader) => ({
    ...readName(reader),
    nextStamp: reader.varint(),
    length: reader.varint(),
  }));
}

export function encodeRead({ block, stamp, from, to }: ReadRequest): Buffer {
  return new RecordWriter(32).varint(block).varint(stamp).varint(from).varint(to).done();
}

export function decodeRead(payload: Buffer): ReadRequest {
  return parsed(payload, (reader) => ({
    ...readName(reader),
    from: reader.varint(),
    to: reader.varint(),
  }));
}

export function encodeCopy({ block, stamp, length, address }: CopyRequest): Buffer {
  return new RecordWriter().varint(block).varint(stamp).varint(length).text(address).done();
}

export function decodeCopy(payload: Buffer): CopyRequest {
  return parsed(payload, (reader) => ({
    ...readName(reader),
    length: reader.varint(),
    address: reader.text(),
  }));
}

export function encodeNames(names: readonly BlockName[]): Buffer {
  const writer = new RecordWriter().varint(names.length);
  for (const { block, stamp } of names) writer.varint(block).varint(stamp);
  return writer.done();
}

export function decodeNames(payload: Buffer): readonly BlockName[] {
  return parsed(payload, (reader) => many(reader, NAMES_MAX, readName));
}

export function encodeOffset(offset: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  putOffset(bytes, 0, offset);
  return bytes;
}

export function putOffset(into: Buffer, at: number, offset: number): void {
  into.writeUInt32LE(offset >>> 0, at);
  into.writeUInt32LE(Math.floor(offset / 2 ** 32), at + 4);
}

/** A u64. @throws FrameProblem when it is 2^53 or more. */
export function readOffset(payload: Buffer): number {
  const offset = payload.readUInt32LE(0) + payload.readUInt32LE(4) * 2 ** 32;
  if (!Number.isSafeInteger(offset)) throw new FrameProblem('a number is too large');
  return offset;
}

export function encodeDone(durable: readonly boolean[]): Buffer {
  const writer = new RecordWriter(16).varint(durable.length);
  for (const each of durable) writer.u8(each ? 1 : 0);
  return writer.done();
}

export function decodeDone(payload: Buffer): readonly boolean[] {
  return parsed(payload, (reader) => many(reader, CHAIN_MAX + 1, (each) => each.u8() === 1));
}

/** Who of a chain failed, and with what. */
export interface ChainFailure {
  readonly who: number;
  readonly code: FilesErrorCode;
}

export function encodeFailed({ who, code }: ChainFailure): Buffer {
  return new RecordWriter(32).varint(who).text(code).done();
}

export function decodeFailed(payload: Buffer): ChainFailure {
  return parsed(payload, (reader) => ({
    who: bounded(reader.varint(), CHAIN_MAX),
    code: errorCodeOf(reader.text()),
  }));
}

export function encodeError(error: FilesError): Buffer {
  return new RecordWriter().text(error.code).text(error.message.slice(0, DETAIL_MAX)).done();
}

export function decodeError(payload: Buffer): FilesError {
  return parsed(payload, (reader) => new FilesError(errorCodeOf(reader.text()), reader.text()));
}

/** A code that a newer program knows is a failure of its disk to us. */
function errorCodeOf(text: string): FilesErrorCode {
  return Object.hasOwn(filesErrorTable, text) ? (text as FilesErrorCode) : 'io';
}

export function encodeRegistration({ id, address, rack, disks }: Registration): Buffer {
  return writeDisks(new RecordWriter().text(id).text(address).text(rack), disks).done();
}

export function decodeRegistration(payload: Buffer): Registration {
  return parsed(payload, (reader) => ({
    id: reader.text(),
    address: reader.text(),
    rack: reader.text(),
    disks: readDisks(reader),
  }));
}

export function encodeBeat({ transfers, disks }: Beat): Buffer {
  return writeDisks(new RecordWriter().varint(transfers), disks).done();
}

export function decodeBeat(payload: Buffer): Beat {
  return parsed(payload, (reader) => ({ transfers: reader.varint(), disks: readDisks(reader) }));
}

export function encodeReport({ isFirst, isLast, replicas }: ReportPage): Buffer {
  const flags = (isFirst ? 1 : 0) | (isLast ? 2 : 0);
  const writer = new RecordWriter(replicas.length * 16 + 16).u8(flags).varint(replicas.length);
  for (const { block, stamp, length, isCorrupt } of replicas) {
    writer
      .varint(block)
      .varint(stamp)
      .varint(length)
      .u8(isCorrupt === true ? 1 : 0);
  }
  return writer.done();
}

export function decodeReport(payload: Buffer): ReportPage {
  return parsed(payload, (reader) => {
    const flags = reader.u8();
    const replicas = many(reader, REPLICAS_MAX, () => {
      const replica = readReplica(reader);
      return reader.u8() === 0 ? replica : { ...replica, isCorrupt: true };
    });
    return { isFirst: (flags & 1) !== 0, isLast: (flags & 2) !== 0, replicas };
  });
}

export function encodeChanges(changes: readonly ReplicaChange[]): Buffer {
  const writer = new RecordWriter(changes.length * 16 + 16).varint(changes.length);
  for (const { kind, block, stamp, length } of changes) {
    writer
      .u8(CHANGE_KINDS.indexOf(kind) + 1)
      .varint(block)
      .varint(stamp)
      .varint(length);
  }
  return writer.done();
}

export function decodeChanges(payload: Buffer): readonly ReplicaChange[] {
  return parsed(payload, (reader) =>
    many(reader, REPLICAS_MAX, () => {
      const kind = CHANGE_KINDS[reader.u8() - 1];
      if (kind === undefined) throw new FrameProblem('a change is of no known kind');
      return { kind, ...readReplica(reader) };
    }),
  );
}

function readReplica(reader: RecordReader): StoredReplica {
  return { ...readName(reader), length: reader.varint() };
}

function writeDisks(writer: RecordWriter, disks: readonly DiskFacts[]): RecordWriter {
  writer.varint(disks.length);
  for (const { id, state, freeBytes, totalBytes } of disks) {
    writer
      .text(id)
      .u8(DISK_STATES.indexOf(state) + 1)
      .varint(freeBytes)
      .varint(totalBytes);
  }
  return writer;
}

function readDisks(reader: RecordReader): readonly DiskFacts[] {
  return many(reader, DISKS_MAX, () => {
    const id = reader.text();
    const state = DISK_STATES[reader.u8() - 1];
    if (state === undefined) throw new FrameProblem('a disk is in no known state');
    return { id, state, freeBytes: reader.varint(), totalBytes: reader.varint() };
  });
}

function many<T>(reader: RecordReader, max: number, read: (reader: RecordReader) => T): T[] {
  const count = bounded(reader.varint(), max);
  const values: T[] = [];
  while (values.length < count) values.push(read(reader));
  return values;
}

function bounded(count: number, max: number): number {
  if (count > max) throw new FrameProblem(`${count} of them, ${max} at most`);
  return count;
}
