/**
 * Writes what a flush has to write of the elements of one large value, in slices; what is about to change
 * before its turn is written by the value itself (`save`).
 *
 * It needs the value and where its elements are, not the key: that may go or be renamed meanwhile.
 */
import type { WriteBatch } from '../../core/store/index.ts';
import type {
  Database,
  ElementNameOut,
  ElementSink,
  Keyspace,
  LargeValue,
  Releasable,
} from '../keyspace/index.ts';
import type { Address } from '../memory/index.ts';
import { ByteSink } from './byte-sink.ts';
import { elementsRange, KeyWriter } from './keys.ts';

/** What the emissions of a store share: where elements go, and one to be written. */
export class ElementBatch extends ByteSink implements ElementNameOut {
  readonly keyspace: Keyspace;
  private readonly batch: WriteBatch;
  private readonly keys = new KeyWriter();
  private content = 0;
  private number = 0;

  constructor(keyspace: Keyspace, batch: WriteBatch) {
    super(4096);
    this.keyspace = keyspace;
    this.batch = batch;
  }

  begin(content: number, number: number): void {
    this.content = content;
    this.number = number;
    this.at = 0;
  }

  name(buf: Buffer, start: number, length: number): void {
    this.keys.element(this.content, this.number, buf, start, length);
  }

  end(): void {
    const { keys } = this;
    this.batch.putRange(keys.buf, 0, keys.length, this.buf, 0, this.at, 0);
  }

  remove(content: number, number: number, name: Buffer, start: number, length: number): void {
    const { keys } = this;
    keys.element(content, number, name, start, length);
    this.batch.delete(keys.buf, 0, keys.length);
  }

  removeFrom(content: number, number: number, name: Buffer): void {
    const { keys } = this;
    keys.element(content, number, name, 0, name.length);
    const from = Buffer.from(keys.buf.subarray(0, keys.length));
    this.batch.deleteRange(from, elementsRange(content, number, number + 1).to);
  }
}

export class ElementEmission implements ElementSink {
  readonly db: Database;
  readonly key: Buffer;
  readonly value: LargeValue;
  /** Nothing is left to be written. */
  isDone = false;
  private readonly out: ElementBatch;
  private readonly content: number;
  private readonly number: number;

  /** `record` as of the flush; its value has a number. */
  constructor(out: ElementBatch, db: Database, record: Address, value: LargeValue) {
    this.out = out;
    this.db = db;
    this.key = db.keyBytes(record);
    this.value = value;
    this.content = db.content;
    this.number = value.storedAs!.from;
  }

  save(element: number): void {
    const { out } = this;
    out.begin(this.content, this.number);
    this.value.writeElement(element, out);
    out.end();
  }

  remove(name: Buffer, start: number, length: number): void {
    this.out.remove(this.content, this.number, name, start, length);
  }

  removeFrom(name: Buffer): void {
    this.out.removeFrom(this.content, this.number, name);
  }

  done(rest: Releasable | undefined): void {
    this.isDone = true;
    if (rest !== undefined) this.out.keyspace.large.bury(rest);
  }
}
