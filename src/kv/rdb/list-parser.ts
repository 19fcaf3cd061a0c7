/**
 * Reads lists in all their encodings. Four shapes lie on disk:
 *
 *     LIST              count | item*
 *     LIST_ZIPLIST      one ziplist
 *     LIST_QUICKLIST    count | ziplist*
 *     LIST_QUICKLIST_2  count | (container | plain item or listpack)*
 */

import { CONTAINER_PACKED, CONTAINER_PLAIN } from './constants.ts';
import type { ByteCursor } from './cursor.ts';
import { badFormat } from './fault.ts';
import { ListpackReader } from './listpack-reader.ts';
import type { PackedSource } from './packed-source.ts';
import type { ValueContext, ValueParser } from './value-parser.ts';
import { countHint, endCollection } from './value-parser.ts';
import { ZiplistReader } from './ziplist-reader.ts';

export type ListShape = 'plain' | 'ziplist' | 'quicklist' | 'quicklist2';

export class ListParser implements ValueParser {
  private readonly context: ValueContext;
  private readonly shape: ListShape;
  /** Nodes (or plain items) still to read; -1 before the count was read. */
  private left = -1;
  private items = 0;

  constructor(context: ValueContext, shape: ListShape) {
    this.context = context;
    this.shape = shape;
  }

  run(cursor: ByteCursor): void {
    if (this.left < 0) {
      const left = this.shape === 'ziplist' ? 1 : cursor.length();
      this.context.sink.beginList(countHint(left, cursor));
      this.left = left;
      cursor.commit();
    }
    for (; this.left > 0; this.left--) {
      this.readNode(cursor);
      cursor.commit();
    }
    endCollection(this.context, this.items);
  }

  private readNode(cursor: ByteCursor): void {
    if (this.shape === 'plain') {
      this.item(cursor.string());
    } else if (this.shape === 'quicklist2') {
      const container = cursor.length();
      const bytes = cursor.string();
      if (container === CONTAINER_PLAIN) this.item(bytes);
      else if (container === CONTAINER_PACKED) this.drain(new ListpackReader(bytes));
      else badFormat('unknown list container');
    } else {
      this.drain(new ZiplistReader(cursor.string()));
    }
  }

  private drain(source: PackedSource): void {
    while (!source.done()) this.item(source.takeBytes());
  }

  private item(bytes: Buffer): void {
    this.items++;
    this.context.sink.onListItem(bytes);
  }
}
