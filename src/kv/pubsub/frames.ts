/** Messages as they go over the wire, encoded once for all receivers of a protocol. */
import { inOwnMemory } from '../../core/base/index.ts';

const CRLF = Buffer.from('\r\n');
const STAR = 42;
const GREATER = 62;

/** A published message: `kind` (message, pmessage, smessage), then channels and text as bulk strings. */
export class MessageFrame {
  private resp2: Buffer;
  private resp3: Buffer | undefined;

  constructor(kind: string, parts: readonly Buffer[]) {
    const pieces: Buffer[] = [
      Buffer.from(`*${parts.length + 1}\r\n$${kind.length}\r\n${kind}\r\n`),
    ];
    for (const part of parts) pieces.push(Buffer.from(`$${part.length}\r\n`), part, CRLF);
    this.resp2 = Buffer.concat(pieces);
  }

  /**
   * The bytes for a protocol: RESP3 differs by the mark of its push type alone. `late`: the receiver is behind, and
   * what it holds until then must be no more than the message.
   */
  bytes(protocol: 2 | 3, late: boolean): Buffer {
    if (protocol === 2) {
      if (late) this.resp2 = inOwnMemory(this.resp2);
      return this.resp2;
    }
    if (this.resp3 === undefined) {
      this.resp3 = Buffer.from(this.resp2);
      this.resp3[0] = GREATER;
    }
    if (late) this.resp3 = inOwnMemory(this.resp3);
    return this.resp3;
  }
}

/** Makes the push form of an encoded array in place. */
export function asPush(array: Buffer): Buffer {
  if (array[0] === STAR) array[0] = GREATER;
  return array;
}
