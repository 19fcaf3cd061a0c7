/** Arguments put together for the log in one buffer that is used again and again. */
import { Args } from '../../../core/wire/index.ts';
import { copyBytes } from '../../memory/index.ts';

const BYTES_MIN = 1024;
/** A larger buffer is not kept for the next command. */
const BYTES_KEPT_MAX = 65_536;

export class LoggedArgs {
  readonly args = new Args();
  buf: Buffer = Buffer.allocUnsafeSlow(BYTES_MIN);
  /** Where the next argument begins. */
  at = 0;

  begin(): void {
    this.at = 0;
    this.args.count = 0;
    if (this.buf.length > BYTES_KEPT_MAX) this.buf = Buffer.allocUnsafeSlow(BYTES_MIN);
    this.args.buf = this.buf;
  }

  /** Makes room for an argument of up to `bytes` bytes at `at`. */
  room(bytes: number): void {
    if (this.at + bytes <= this.buf.length) return;
    const larger = Buffer.allocUnsafeSlow((this.at + bytes) * 2);
    this.buf.copy(larger, 0, 0, this.at);
    this.buf = larger;
    this.args.buf = larger;
  }

  /** The argument that was written at `at` ends here. */
  end(offset: number): void {
    this.args.push(this.at, offset);
    this.at = offset;
  }

  /** Appends an argument of another command. */
  copy(from: Args, index: number): void {
    const length = from.length(index);
    this.room(length);
    copyBytes(from.buf, from.start(index), this.buf, this.at, length);
    this.end(this.at + length);
  }

  /** Appends a word of single-byte characters. */
  text(word: string): void {
    this.room(word.length);
    this.end(this.at + this.buf.write(word, this.at, word.length, 'latin1'));
  }
}
