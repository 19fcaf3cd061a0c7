/**
 * Writes lists: from version 10 on as LIST_QUICKLIST_2, listpacks of at most
 * 8 KiB and larger items on their own; before it as LIST, item by item.
 */

import {
  CONTAINER_PACKED,
  CONTAINER_PLAIN,
  TYPE_LIST,
  TYPE_LIST_QUICKLIST_2,
} from './constants.ts';
import { LIST_NODE_BYTES_MAX } from './limits.ts';
import { ELEMENT_OVERHEAD_MAX, ListpackWriter } from './listpack-writer.ts';
import type { ValueOutput } from './value-output.ts';
import { CountSlot } from './value-output.ts';

export class ListWriter {
  private readonly out: ValueOutput;
  private readonly slot: CountSlot;
  /** The node being filled; null where items are written one by one. */
  private readonly node: ListpackWriter | null;
  /** Nodes, or items, written. */
  private written = 0;

  constructor(out: ValueOutput, countHint: number) {
    this.out = out;
    this.node = out.version >= 10 ? new ListpackWriter() : null;
    out.type(this.node === null ? TYPE_LIST : TYPE_LIST_QUICKLIST_2);
    this.slot = new CountSlot(out, this.node === null ? countHint : 1);
  }

  item(bytes: Buffer): void {
    const { node, out } = this;
    if (node === null) {
      out.text(bytes);
      this.written++;
      return;
    }
    const most = bytes.length + ELEMENT_OVERHEAD_MAX;
    if (node.size + most > LIST_NODE_BYTES_MAX) this.flush(node);
    if (node.size + most <= LIST_NODE_BYTES_MAX) {
      node.text(bytes);
      return;
    }
    out.length(CONTAINER_PLAIN);
    out.text(bytes);
    this.written++;
  }

  end(): void {
    if (this.node !== null) this.flush(this.node);
    this.slot.close(this.written);
  }

  private flush(node: ListpackWriter): void {
    if (node.count === 0) return;
    this.out.length(CONTAINER_PACKED);
    this.out.text(node.finish());
    node.reset();
    this.written++;
  }
}
