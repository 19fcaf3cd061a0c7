/**
 * Builds the macro nodes of a stream (their form is drawn in `stream-node.ts`).
 * A node is closed at 100 entries or before it outgrows 4 KiB, whichever comes
 * first; one larger entry gets a node of its own.
 */

import { STREAM_NODE_BYTES_MAX, STREAM_NODE_ENTRIES_MAX } from './limits.ts';
import { ELEMENT_OVERHEAD_MAX, ListpackWriter } from './listpack-writer.ts';
import { STREAM_ID_BYTES, writeId } from './stream-id.ts';
import { FLAG_SAME_FIELDS } from './stream-node.ts';

const INT64_MAX = 2n ** 63n - 1n;

export class StreamNodeWriter {
  /** Tells a finished node; both are views that last during the call. */
  private readonly emit: (key: Buffer, listpack: Buffer) => void;
  /** The entries, written before the head that counts them. */
  private readonly body = new ListpackWriter();
  private readonly whole = new ListpackWriter();
  private readonly key = Buffer.alloc(STREAM_ID_BYTES);
  private masterMs = 0n;
  private masterSeq = 0n;
  private masterNames: Buffer[] = [];
  private masterBytes = 0;
  private entries = 0;

  constructor(emit: (key: Buffer, listpack: Buffer) => void) {
    this.emit = emit;
  }

  entry(ms: bigint, seq: bigint, pairs: readonly Buffer[]): void {
    if (this.entries > 0 && !this.fits(ms, seq, pairs)) this.flush();
    if (this.entries === 0) this.open(ms, seq, pairs);
    const { body } = this;
    const same = this.hasMasterNames(pairs);
    body.integer(same ? FLAG_SAME_FIELDS : 0);
    body.integer(ms - this.masterMs);
    body.integer(seq - this.masterSeq);
    if (same) {
      for (let i = 1; i < pairs.length; i += 2) body.text(pairs[i] as Buffer);
      body.integer(pairs.length / 2 + 3);
    } else {
      body.integer(pairs.length / 2);
      for (const text of pairs) body.text(text);
      body.integer(pairs.length + 4);
    }
    this.entries++;
  }

  /** Emits the node being built, if there is one. */
  flush(): void {
    if (this.entries === 0) return;
    const { whole } = this;
    whole.reset();
    whole.integer(this.entries);
    whole.integer(0);
    whole.integer(this.masterNames.length);
    for (const name of this.masterNames) whole.text(name);
    whole.integer(0);
    whole.append(this.body);
    this.emit(this.key, whole.finish());
    this.entries = 0;
  }

  private open(ms: bigint, seq: bigint, pairs: readonly Buffer[]): void {
    this.body.reset();
    this.masterMs = ms;
    this.masterSeq = seq;
    writeId(this.key, 0, ms, seq);
    this.masterNames = [];
    this.masterBytes = 0;
    for (let i = 0; i < pairs.length; i += 2) {
      const name = Buffer.from(pairs[i] as Buffer);
      this.masterNames.push(name);
      this.masterBytes += name.length + ELEMENT_OVERHEAD_MAX;
    }
  }

  private fits(ms: bigint, seq: bigint, pairs: readonly Buffer[]): boolean {
    if (this.entries >= STREAM_NODE_ENTRIES_MAX) return false;
    // Differences are kept as signed 64-bit numbers.
    if (ms - this.masterMs > INT64_MAX) return false;
    const seqStep = seq - this.masterSeq;
    if (seqStep > INT64_MAX || seqStep < -INT64_MAX) return false;
    let bytes = this.body.size + this.masterBytes;
    for (const text of pairs) bytes += text.length + ELEMENT_OVERHEAD_MAX;
    return bytes <= STREAM_NODE_BYTES_MAX;
  }

  private hasMasterNames(pairs: readonly Buffer[]): boolean {
    const names = this.masterNames;
    if (pairs.length !== 2 * names.length) return false;
    return names.every((name, i) => name.equals(pairs[2 * i] as Buffer));
  }
}
