/** Reads STRING: one string in any of its encodings. */

import type { ByteCursor } from './cursor.ts';
import type { ValueContext, ValueParser } from './value-parser.ts';

export class StringParser implements ValueParser {
  private readonly context: ValueContext;

  constructor(context: ValueContext) {
    this.context = context;
  }

  run(cursor: ByteCursor): void {
    const value = cursor.string();
    this.context.sink.onString(value);
    cursor.commit();
  }
}
